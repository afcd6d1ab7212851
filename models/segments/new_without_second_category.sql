-- Joined in the last 30 days, bought, but from one category only: those who buy from a second one early stay.
select profile_id

from {{ ref('profile_traits') }}

where
    joined_at > {{ dbt.dateadd('day', -30, run_started_at_utc()) }}
    and count_orders >= 1
    and count_categories_first_30d < 2
