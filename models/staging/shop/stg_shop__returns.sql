with

source as (

    select * from {{ source('shop', 'returns') }}

),

renamed as (

    select

        ---------- ids
        'shop_return:' || id as return_id,
        'shop_order:' || order_id as order_id,

        ---------- return
        refund as refund_amount,
        reason,

        ---------- timestamps
        created_at as returned_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
