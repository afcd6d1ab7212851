-- Something went into the cart in the last 24 hours, is still in it, and nothing was bought since.
with

cart_events as (

    select
        identity_map.profile_id,
        web_events.occurred_at,
        case web_events.event_type when 'cart_added' then 1 else -1 end as pieces

    from {{ ref('unified_web_events') }} as web_events

    inner join {{ ref('identity_map') }} as identity_map
        on web_events.record_id = identity_map.record_id

    where
        web_events.event_type in ('cart_added', 'cart_removed')
        and web_events.occurred_at > {{ dbt.dateadd('hour', -24, cdp.as_of_utc()) }}
        and web_events.occurred_at <= {{ cdp.as_of_utc() }}

)

select cart_events.profile_id

from cart_events

inner join {{ ref('profile_traits') }} as profile_traits
    on cart_events.profile_id = profile_traits.profile_id

where
    profile_traits.last_order_at is null
    or profile_traits.last_order_at < cart_events.occurred_at

group by cart_events.profile_id
having sum(cart_events.pieces) > 0
