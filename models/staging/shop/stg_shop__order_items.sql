with

source as (

    select * from {{ source('shop', 'order_items') }}

),

renamed as (

    select

        ---------- ids
        'shop_item:' || id as order_item_id,
        'shop_order:' || order_id as order_id,
        product_id,

        ---------- product
        title as product_name,
        category,

        ---------- amounts
        quantity,
        unit_price,
        discount as discount_amount,
        total as net_amount,

        ---------- timestamps
        _loaded_at as loaded_at

    from source

)

select * from renamed
