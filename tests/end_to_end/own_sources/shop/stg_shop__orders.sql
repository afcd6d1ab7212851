with

source as (

    select * from {{ cdp.latest_rows(source('shop', 'orders'), 'order_id') }}

),

renamed as (

    select

        'shop_order:' || order_id as order_id,
        {{ cdp.record_id('shop_customer', 'customer_id') }} as record_id,
        {{ cdp.clean_text('customer_id') }} as user_id,
        cast(ordered_on as {{ dbt.type_timestamp() }}) as ordered_at,
        'paid' as status,
        'online' as sales_channel,
        amount as net_amount,
        'USD' as currency,
        _loaded_at as loaded_at

    from source

)

select * from renamed
