-- Who booked. Walk-ins gave neither an address nor a number: their bookings count, but they are nobody.
with

bookings as (

    select * from {{ ref('stg_booking__bookings') }}

),

customers as (

    select

        ---------- ids
        record_id,

        ---------- person
        {{ cdp.value_at_last('full_name', 'changed_at') }} as full_name,
        {{ cdp.value_at_last('email', 'changed_at') }} as email,
        {{ cdp.value_at_last('phone', 'changed_at') }} as phone,
        {{ cdp.value_at_last('country', 'changed_at') }} as country,

        ---------- timestamps
        min(changed_at) as created_at,
        max(changed_at) as updated_at,
        max(loaded_at) as loaded_at

    from bookings

    where record_id is not null

    group by record_id

)

select * from customers
