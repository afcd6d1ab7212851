-- Came at least twice in 30 days to look at one category, and bought nothing of it in that time.
with

visited as (

    select
        identity_map.profile_id,
        web_events.category

    from {{ ref('unified_web_events') }} as web_events

    inner join {{ ref('identity_map') }} as identity_map
        on web_events.record_id = identity_map.record_id

    where
        web_events.category is not null
        and web_events.occurred_at > {{ dbt.dateadd('day', -30, cdp.as_of_utc()) }}
        and web_events.occurred_at <= {{ cdp.as_of_utc() }}

    group by identity_map.profile_id, web_events.category
    having count(distinct web_events.session_id) >= 2

),

bought as (

    select
        identity_map.profile_id,
        items.category

    from {{ ref('unified_order_items') }} as items

    inner join {{ ref('unified_orders') }} as orders
        on items.order_id = orders.order_id

    inner join {{ ref('identity_map') }} as identity_map
        on orders.record_id = identity_map.record_id

    where
        coalesce(orders.status, 'paid') <> 'cancelled'
        and orders.ordered_at > {{ dbt.dateadd('day', -30, cdp.as_of_utc()) }}

)

select distinct visited.profile_id

from visited

left join bought
    on
        visited.profile_id = bought.profile_id
        and visited.category = bought.category

where bought.profile_id is null
