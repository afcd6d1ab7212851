-- Bought in a store in the last 7 days: whom an acquisition campaign need not pay for.
select profile_id

from {{ ref('profile_traits') }}

where last_store_order_at > {{ dbt.dateadd('day', -7, cdp.as_of_utc()) }}
