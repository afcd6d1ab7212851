with

source as (

    select * from {{ cdp.latest_rows(source('newsletter', 'readers'), 'record_id') }}

),

renamed as (

    select

        {{ cdp.record_id('reader', 'record_id') }} as record_id,
        {{ cdp.clean_text('first_name') }} as first_name,
        {{ cdp.clean_text('last_name') }} as last_name,
        {{ cdp.normalize_date('birth_date') }} as birth_date,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.clean_text('city') }} as city,
        _loaded_at as updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
