with

source as (

    select * from {{ source('web', 'events') }}

),

shared_devices as (

    select * from {{ ref('stg_web__shared_devices') }}

),

renamed as (

    select

        ---------- ids
        source.event_id,
        -- What a logged in person does on a device of several is theirs; the rest is nobody's but the device's.
        case
            when shared_devices.anonymous_id is not null and source.user_id is not null
                then 'web_visitor:' || source.anonymous_id || ':' || source.user_id
            else 'web_visitor:' || source.anonymous_id
        end as record_id,
        source.anonymous_id,
        source.user_id,
        source.session_id,

        ---------- event
        case source.event
            when 'product_added' then 'cart_added'
            when 'product_removed' then 'cart_removed'
            when 'identify' then 'identified'
            else source.event
        end as event_type,
        {{ cdp.regexp_remove('source.url', '^[a-z]+://[^/]*|[?#].*$') }} as page_path,
        source.product_id,
        source.category,
        source.utm_source,
        source.utm_medium,
        source.utm_campaign,
        source.device_type,
        source.traits_email,

        ---------- timestamps
        source.occurred_at,
        source._loaded_at as loaded_at

    from source

    left join shared_devices
        on source.anonymous_id = shared_devices.anonymous_id

)

select * from renamed
