-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
with

stg_pos__receipt_items as (

    select

        cast(order_item_id as {{ dbt.type_string() }}) as order_item_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        cast(product_name as {{ dbt.type_string() }}) as product_name,
        cast(category as {{ dbt.type_string() }}) as category,
        cast(quantity as {{ dbt.type_int() }}) as quantity,
        cast(unit_price as decimal(18,2)) as unit_price,
        cast(discount_amount as decimal(18,2)) as discount_amount,
        cast(net_amount as decimal(18,2)) as net_amount,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('pos' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_pos__receipt_items') }}

),

stg_shop__order_items as (

    select

        cast(order_item_id as {{ dbt.type_string() }}) as order_item_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        cast(product_name as {{ dbt.type_string() }}) as product_name,
        cast(category as {{ dbt.type_string() }}) as category,
        cast(quantity as {{ dbt.type_int() }}) as quantity,
        cast(unit_price as decimal(18,2)) as unit_price,
        cast(discount_amount as decimal(18,2)) as discount_amount,
        cast(net_amount as decimal(18,2)) as net_amount,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('shop' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_shop__order_items') }}

),

unioned as (

    select * from stg_pos__receipt_items

    union all

    select * from stg_shop__order_items

)

select * from unioned
