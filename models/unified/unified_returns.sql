-- Written by `cdp generate` from the twins in models/staging: run it again instead of editing.
with

stg_shop__returns as (

    select

        cast(return_id as {{ dbt.type_string() }}) as return_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(returned_at as {{ dbt.type_timestamp() }}) as returned_at,
        cast(refund_amount as decimal(18,2)) as refund_amount,
        cast(reason as {{ dbt.type_string() }}) as reason,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at,
        cast('shop' as {{ dbt.type_string() }}) as source

    from {{ ref('stg_shop__returns') }}

),

unioned as (

    select * from stg_shop__returns

)

select * from unioned
