-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
with

stg_pos__receipts as (

    select

        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(record_id as {{ dbt.type_string() }}) as record_id,
        cast(ordered_at as {{ dbt.type_timestamp() }}) as ordered_at,
        cast(status as {{ dbt.type_string() }}) as status,
        cast(sales_channel as {{ dbt.type_string() }}) as sales_channel,
        cast(store_id as {{ dbt.type_string() }}) as store_id,
        cast(gross_amount as decimal(18,2)) as gross_amount,
        cast(discount_amount as decimal(18,2)) as discount_amount,
        cast(net_amount as decimal(18,2)) as net_amount,
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(null as {{ dbt.type_string() }}) as discount_code,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('pos' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_pos__receipts') }}

),

stg_shop__orders as (

    select

        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(record_id as {{ dbt.type_string() }}) as record_id,
        cast(ordered_at as {{ dbt.type_timestamp() }}) as ordered_at,
        cast(status as {{ dbt.type_string() }}) as status,
        cast(sales_channel as {{ dbt.type_string() }}) as sales_channel,
        cast(null as {{ dbt.type_string() }}) as store_id,
        cast(gross_amount as decimal(18,2)) as gross_amount,
        cast(discount_amount as decimal(18,2)) as discount_amount,
        cast(net_amount as decimal(18,2)) as net_amount,
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(discount_code as {{ dbt.type_string() }}) as discount_code,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('shop' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_shop__orders') }}

),

unioned as (

    select * from stg_pos__receipts

    union all

    select * from stg_shop__orders

)

select * from unioned
