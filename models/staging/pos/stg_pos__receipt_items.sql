with

source as (

    select * from {{ source('pos', 'receipt_items') }}

),

renamed as (

    select

        ---------- ids
        'pos_item:' || receipt_item_id as order_item_id,
        'pos_receipt:' || receipt_id as order_id,
        sku as product_id,

        ---------- product
        name as product_name,
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
