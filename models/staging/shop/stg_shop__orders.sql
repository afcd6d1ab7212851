with

source as (

    select * from {{ cdp.latest_rows(source('shop', 'orders'), 'id') }}

),

renamed as (

    select

        ---------- ids
        'shop_order:' || id as order_id,
        coalesce(
            {{ cdp.record_id('shop_customer', 'customer_id') }},
            {{ cdp.record_id('shop_guest', dbt.hash("nullif(lower(trim(email)), '')")) }}
        ) as record_id,

        ---------- order
        status,
        'online' as sales_channel,
        gross as gross_amount,
        discount as discount_amount,
        total as net_amount,
        upper(currency) as currency,
        {{ cdp.clean_text('discount_code') }} as discount_code,

        ---------- guest
        customer_id is null as is_guest,
        {{ cdp.normalize_email('email') }} as email,

        ---------- timestamps
        created_at as ordered_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
