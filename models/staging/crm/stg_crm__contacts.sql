with

source as (

    select * from {{ latest_rows(source('crm', 'contacts'), 'contact_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ record_id('crm_contact', 'contact_id') }} as record_id,
        {{ clean_text('national_id') }} as national_id,
        {{ clean_text('household_id') }} as household_id,

        ---------- person
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ normalize_date('birthdate') }} as birth_date,
        {{ normalize_gender('gender') }} as gender,
        {{ normalize_email('email') }} as email,
        {{ normalize_phone('phone', 'country') }} as phone,

        ---------- address
        {{ clean_text('street') }} as street_address,
        {{ clean_text('city') }} as city,
        upper({{ clean_text('zip') }}) as postcode,
        upper({{ clean_text('country') }}) as country,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
