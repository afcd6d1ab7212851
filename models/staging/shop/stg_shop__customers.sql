with

source as (

    select * from {{ latest_rows(source('shop', 'customers'), 'id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ record_id('shop_customer', 'id') }} as record_id,
        {{ clean_text('id') }} as user_id,

        ---------- person
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ normalize_date('date_of_birth') }} as birth_date,
        {{ normalize_email('email') }} as email,
        {{ normalize_phone('phone', 'country_code') }} as phone,

        ---------- address
        {{ clean_text('address1') }} as street_address,
        {{ clean_text('city') }} as city,
        upper({{ clean_text('zip') }}) as postcode,
        upper({{ clean_text('country_code') }}) as country,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
