-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
with

stg_email__events as (

    select

        cast(event_id as {{ dbt.type_string() }}) as event_id,
        cast(record_id as {{ dbt.type_string() }}) as record_id,
        cast(message_id as {{ dbt.type_string() }}) as message_id,
        cast(campaign_id as {{ dbt.type_string() }}) as campaign_id,
        cast(event_type as {{ dbt.type_string() }}) as event_type,
        cast(bounce_type as {{ dbt.type_string() }}) as bounce_type,
        cast(occurred_at as {{ dbt.type_timestamp() }}) as occurred_at,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('email' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_email__events') }}

),

unioned as (

    select * from stg_email__events

)

select * from unioned
