with

source as (

    select * from {{ cdp.latest_rows(source('shop', 'customers'), 'id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ cdp.record_id('shop_customer', 'id') }} as record_id,
        {{ cdp.clean_text('id') }} as user_id,

        ---------- person
        {{ cdp.clean_text('first_name') }} as first_name,
        {{ cdp.clean_text('last_name') }} as last_name,
        {{ cdp.normalize_date('date_of_birth') }} as birth_date,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.normalize_phone('phone', 'country_code') }} as phone,

        ---------- address
        {{ cdp.clean_text('address1') }} as street_address,
        {{ cdp.clean_text('city') }} as city,
        upper({{ cdp.clean_text('zip') }}) as postcode,
        upper({{ cdp.clean_text('country_code') }}) as country,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
