-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
select

    cast(null as {{ dbt.type_string() }}) as consent_event_id,
    cast(null as {{ dbt.type_string() }}) as record_id,
    cast(null as {{ dbt.type_string() }}) as email,
    cast(null as {{ dbt.type_string() }}) as phone,
    cast(null as {{ dbt.type_string() }}) as purpose,
    cast(null as {{ dbt.type_string() }}) as state,
    cast(null as {{ dbt.type_string() }}) as legal_basis,
    cast(null as {{ dbt.type_timestamp() }}) as captured_at,
    cast(null as {{ dbt.type_timestamp() }}) as loaded_at,
    cast(null as {{ dbt.type_string() }}) as source

where 1 = 0
