with source as (

    select * from {{ ref('raw_orders') }}

)

select
    id as order_id,
    customer as customer_id,
    cast(ordered_at as timestamp) as ordered_at,
    {{ house_macros.cents_to_dollars('order_total') }} as order_total
from source
