with

source as (

    select * from {{ latest_rows(source('crm', 'people'), 'record_id') }}

),

renamed as (

    select

        {{ record_id('crm_person', 'record_id') }} as record_id,
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ normalize_date('birth_date') }} as birth_date,
        {{ clean_text('street_address') }} as street_address,
        {{ clean_text('city') }} as city,
        {{ clean_text('postcode') }} as postcode,
        {{ clean_text('national_id') }} as national_id,
        _loaded_at as updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
