-- Late by their own rhythm: twice their usual pause since the last order, and not gone for over a year. Needs
-- two pauses to know a rhythm, so three orders; a rhythm below two weeks counts as two weeks.
select profile_id

from {{ ref('profile_traits') }}

where
    count_orders >= 3
    and days_since_last_order > 2 * greatest(median_days_between_orders, 14)
    and days_since_last_order <= 365
