{%- set windows = [7, 30, 60, 90, 365] -%}

with

unified_web_events as (

    select * from {{ ref('unified_web_events') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

clock as (

    select {{ as_of_utc() }} as present

),

web_events as (

    select
        identity_map.profile_id,
        coalesce(web_events.session_id, web_events.event_id) as session_id,
        web_events.event_type,
        web_events.occurred_at,
        web_events.category,
        web_events.device_type,
        web_events.utm_source,
        {{ age_in_seconds('web_events.occurred_at') }} as age_seconds

    from unified_web_events as web_events

    inner join identity_map
        on web_events.record_id = identity_map.record_id

    cross join clock

    where web_events.occurred_at <= clock.present

),

web_visits as (

    select
        profile_id,
        session_id,
        min(age_seconds) as age_seconds,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        max(device_type) as device_type,
        max(utm_source) as utm_source,
        {%- for days in windows %}
            count(*) filter (
                where event_type = 'product_viewed' and {{ within_days(days) }}
            ) as count_product_views_{{ days }}d,
        {%- endfor %}
        count(*) filter (where event_type = 'cart_added' and {{ within_days(30) }}) as count_cart_adds_30d,
        count(*) filter (where event_type = 'checkout_started' and {{ within_days(30) }}) as count_checkouts_30d,
        max(occurred_at) filter (where event_type = 'cart_added') as cart_added_at,
        max(occurred_at) filter (where event_type = 'checkout_started') as checkout_started_at

    from web_events
    group by profile_id, session_id

),

totals as (

    select
        profile_id,
        count(*) as count_visits,
        {%- for days in windows %}
            count(*) filter (where {{ within_days(days) }}) as count_visits_{{ days }}d,
            sum(count_product_views_{{ days }}d) as count_product_views_{{ days }}d,
        {%- endfor %}
        sum(count_cart_adds_30d) as count_cart_adds_30d,
        sum(count_checkouts_30d) as count_checkouts_30d,
        min(started_at) as first_visit_at,
        max(ended_at) as last_visit_at,
        max(cart_added_at) as last_cart_added_at,
        max(checkout_started_at) as last_checkout_started_at,
        {{ most_frequent('device_type') }} as favourite_device,
        {{ most_frequent('utm_source') }} as favourite_campaign_source

    from web_visits
    group by profile_id

),

favourites as (

    select
        profile_id,
        {{ most_frequent('category') }} as favourite_viewed_category

    from web_events
    group by profile_id

),

final as (

    select
        totals.*,
        favourites.favourite_viewed_category

    from totals

    inner join favourites
        on totals.profile_id = favourites.profile_id

)

select * from final
