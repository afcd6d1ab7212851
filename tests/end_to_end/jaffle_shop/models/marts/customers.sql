with orders as (

    select
        customer_id,
        count(*) as count_lifetime_orders,
        sum(order_total) as lifetime_spend
    from {{ ref('stg_orders') }}
    group by 1

)

select
    customers.customer_id,
    customers.customer_name,
    customers.customer_email,
    orders.count_lifetime_orders,
    orders.lifetime_spend
from {{ ref('stg_customers') }} as customers
left join orders
    on customers.customer_id = orders.customer_id
