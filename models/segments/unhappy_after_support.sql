-- Rated their latest ticket 1 or 2, not longer than 90 days ago, and did not buy since.
select profile_id

from {{ ref('profile_traits') }}

where
    last_satisfaction <= 2
    and last_rated_ticket_at > {{ dbt.dateadd('day', -90, cdp.as_of_utc()) }}
    and (last_order_at is null or last_order_at < last_rated_ticket_at)
