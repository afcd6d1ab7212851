-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
select

    cast(null as {{ dbt.type_string() }}) as ticket_id,
    cast(null as {{ dbt.type_string() }}) as record_id,
    cast(null as {{ dbt.type_timestamp() }}) as opened_at,
    cast(null as {{ dbt.type_timestamp() }}) as closed_at,
    cast(null as {{ dbt.type_string() }}) as channel,
    cast(null as {{ dbt.type_string() }}) as topic,
    cast(null as {{ dbt.type_string() }}) as status,
    cast(null as {{ dbt.type_int() }}) as satisfaction,
    cast(null as {{ dbt.type_timestamp() }}) as loaded_at,
    cast(null as {{ dbt.type_string() }}) as source

where 1 = 0
