-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
select

    cast(null as {{ dbt.type_string() }}) as return_id,
    cast(null as {{ dbt.type_string() }}) as order_id,
    cast(null as {{ dbt.type_timestamp() }}) as returned_at,
    cast(null as decimal(18,2)) as refund_amount,
    cast(null as {{ dbt.type_string() }}) as reason,
    cast(null as {{ dbt.type_timestamp() }}) as loaded_at,
    cast(null as {{ dbt.type_string() }}) as source

where 1 = 0
