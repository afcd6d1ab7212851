-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
select

    cast(null as {{ dbt.type_string() }}) as order_item_id,
    cast(null as {{ dbt.type_string() }}) as order_id,
    cast(null as {{ dbt.type_string() }}) as product_id,
    cast(null as {{ dbt.type_string() }}) as product_name,
    cast(null as {{ dbt.type_string() }}) as category,
    cast(null as {{ dbt.type_int() }}) as quantity,
    cast(null as decimal(18,2)) as unit_price,
    cast(null as decimal(18,2)) as discount_amount,
    cast(null as decimal(18,2)) as net_amount,
    cast(null as {{ dbt.type_timestamp() }}) as loaded_at,
    cast(null as {{ dbt.type_string() }}) as source

where 1 = 0
