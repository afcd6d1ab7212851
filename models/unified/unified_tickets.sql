-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
with

stg_support__tickets as (

    select

        cast(ticket_id as {{ dbt.type_string() }}) as ticket_id,
        cast(record_id as {{ dbt.type_string() }}) as record_id,
        cast(opened_at as {{ dbt.type_timestamp() }}) as opened_at,
        cast(closed_at as {{ dbt.type_timestamp() }}) as closed_at,
        cast(channel as {{ dbt.type_string() }}) as channel,
        cast(topic as {{ dbt.type_string() }}) as topic,
        cast(status as {{ dbt.type_string() }}) as status,
        cast(satisfaction as {{ dbt.type_int() }}) as satisfaction,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('support' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_support__tickets') }}

),

unioned as (

    select * from stg_support__tickets

)

select * from unioned
