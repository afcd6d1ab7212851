-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
with

stg_consent__events as (

    select

        cast(consent_event_id as {{ dbt.type_string() }}) as consent_event_id,
        cast(record_id as {{ dbt.type_string() }}) as record_id,
        cast(email as {{ dbt.type_string() }}) as email,
        cast(phone as {{ dbt.type_string() }}) as phone,
        cast(national_phone as {{ dbt.type_string() }}) as national_phone,
        cast(purpose as {{ dbt.type_string() }}) as purpose,
        cast(state as {{ dbt.type_string() }}) as state,
        cast(legal_basis as {{ dbt.type_string() }}) as legal_basis,
        cast(captured_at as {{ dbt.type_timestamp() }}) as captured_at,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('consent' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_consent__events') }}

),

unioned as (

    select * from stg_consent__events

)

select * from unioned
