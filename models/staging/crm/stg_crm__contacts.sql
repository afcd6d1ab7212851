with

source as (

    select * from {{ cdp.latest_rows(source('crm', 'contacts'), 'contact_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ cdp.record_id('crm_contact', 'contact_id') }} as record_id,
        {{ cdp.clean_text('national_id') }} as national_id,
        {{ cdp.clean_text('household_id') }} as household_id,

        ---------- person
        {{ cdp.clean_text('first_name') }} as first_name,
        {{ cdp.clean_text('last_name') }} as last_name,
        {{ cdp.normalize_date('birthdate') }} as birth_date,
        {{ cdp.normalize_gender('gender') }} as gender,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.normalize_phone('phone', 'country') }} as phone,

        ---------- address
        {{ cdp.clean_text('street') }} as street_address,
        {{ cdp.clean_text('city') }} as city,
        upper({{ cdp.clean_text('zip') }}) as postcode,
        upper({{ cdp.clean_text('country') }}) as country,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
