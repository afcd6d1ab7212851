with

source as (

    select * from {{ source('pos', 'receipts') }}

),

renamed as (

    select

        ---------- ids
        'pos_receipt:' || receipt_id as order_id,
        coalesce(
            {{ cdp.record_id('pos_member', 'loyalty_id') }},
            {{ cdp.record_id('pos_buyer', dbt.hash("coalesce(nullif(phone, ''), nullif(email, ''))")) }}
        ) as record_id,

        ---------- order
        'paid' as status,
        'store' as sales_channel,
        store_id,
        gross as gross_amount,
        discount as discount_amount,
        total as net_amount,
        upper(currency) as currency,

        ---------- buyer without a card
        {{ cdp.clean_text('loyalty_id') }} is null as is_buyer,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.normalize_phone('phone') }} as phone,

        ---------- timestamps
        sold_at as ordered_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
