-- Spent well above the average buyer of the last year, and neither bought, came, opened nor clicked for six weeks.
with

buyers as (

    select
        profile_id,
        last_active_at,
        sum_revenue_365d,
        avg(sum_revenue_365d) over () as avg_revenue_365d

    from {{ ref('profile_traits') }}

    where sum_revenue_365d > 0

)

select profile_id

from buyers

where
    sum_revenue_365d >= 2 * avg_revenue_365d
    and last_active_at < {{ dbt.dateadd('day', -42, cdp.as_of_utc()) }}
