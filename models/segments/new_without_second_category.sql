-- First order in the last 30 days, and from one category only so far: those who soon buy from a second one stay.
select profile_id

from {{ ref('profile_traits') }}

where
    first_order_at > {{ dbt.dateadd('day', -30, cdp.as_of_utc()) }}
    and count_categories_first_30d = 1
