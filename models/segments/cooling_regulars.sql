-- Two or more orders in 60 days, and no e-mail opened or clicked for three weeks.
select profile_id

from {{ ref('profile_traits') }}

where
    count_orders_60d >= 2
    and last_engaged_at < {{ dbt.dateadd('day', -21, cdp.as_of_utc()) }}
