with

source as (

    select * from {{ cdp.latest_rows(source('email', 'subscribers'), 'subscriber_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ cdp.record_id('email_subscriber', 'subscriber_id') }} as record_id,

        ---------- person
        {{ cdp.clean_text('first_name') }} as first_name,
        {{ cdp.clean_text('last_name') }} as last_name,
        {{ cdp.normalize_email('email') }} as email,

        ---------- subscription
        status as subscription_status,

        ---------- timestamps
        subscribed_at as created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
