with

source as (

    select * from {{ source('email', 'events') }}

),

renamed as (

    select

        ---------- ids
        event_id,
        'email_subscriber:' || subscriber_id as record_id,
        message_id,
        campaign_id,

        ---------- event
        case event
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'bounce' then 'bounced'
            when 'unsubscribe' then 'unsubscribed'
            when 'complaint' then 'complained'
            else event
        end as event_type,
        bounce_type,

        ---------- timestamps
        occurred_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
