with

source as (

    select * from {{ cdp.latest_rows(source('crm', 'people'), 'record_id') }}

),

renamed as (

    select

        {{ cdp.record_id('crm_person', 'record_id') }} as record_id,
        {{ cdp.clean_text('first_name') }} as first_name,
        {{ cdp.clean_text('last_name') }} as last_name,
        {{ cdp.normalize_date('birth_date') }} as birth_date,
        {{ cdp.clean_text('street_address') }} as street_address,
        {{ cdp.clean_text('city') }} as city,
        {{ cdp.clean_text('postcode') }} as postcode,
        {{ cdp.clean_text('national_id') }} as national_id,
        _loaded_at as updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
