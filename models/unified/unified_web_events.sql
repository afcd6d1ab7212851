-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
with

stg_web__events as (

    select

        cast(event_id as {{ dbt.type_string() }}) as event_id,
        cast(record_id as {{ dbt.type_string() }}) as record_id,
        cast(session_id as {{ dbt.type_string() }}) as session_id,
        cast(event_type as {{ dbt.type_string() }}) as event_type,
        cast(occurred_at as {{ dbt.type_timestamp() }}) as occurred_at,
        cast(page_path as {{ dbt.type_string() }}) as page_path,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        cast(category as {{ dbt.type_string() }}) as category,
        cast(utm_source as {{ dbt.type_string() }}) as utm_source,
        cast(utm_medium as {{ dbt.type_string() }}) as utm_medium,
        cast(utm_campaign as {{ dbt.type_string() }}) as utm_campaign,
        cast(device_type as {{ dbt.type_string() }}) as device_type,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('web' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_web__events') }}

),

unioned as (

    select * from stg_web__events

)

select * from unioned
