with

source as (

    select * from {{ cdp.latest_rows(source('booking', 'bookings'), 'booking_id', 'changed_at') }}

),

renamed as (

    select

        ---------- ids
        'booking:' || booking_id as order_id,
        -- The tool has no customer number: who booked is the address, or the number, that they gave.
        {{ cdp.record_id('booking_customer', dbt.hash(
            "coalesce(" ~ cdp.normalize_email('email') ~ ", " ~ cdp.normalize_phone('mobile', 'country') ~ ")"
        )) }} as record_id,

        ---------- person
        {{ cdp.clean_text('customer') }} as full_name,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.normalize_phone('mobile', 'country') }} as phone,
        upper({{ cdp.clean_text('country') }}) as country,

        ---------- order
        case status when 'done' then 'paid' when 'booked' then 'pending' else status end as status,
        'store' as sales_channel,
        price as net_amount,
        'EUR' as currency,
        service,

        ---------- timestamps
        starts_at as ordered_at,
        changed_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
