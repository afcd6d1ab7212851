with

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

customers as (

    select

        record_id,
        max(user_id) as user_id,
        min(ordered_at) as created_at,
        max(ordered_at) as updated_at,
        max(loaded_at) as loaded_at

    from orders

    group by record_id

)

select * from customers
