with

source as (

    select * from {{ latest_rows(source('newsletter', 'readers'), 'record_id') }}

),

renamed as (

    select

        {{ record_id('reader', 'record_id') }} as record_id,
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ normalize_date('birth_date') }} as birth_date,
        {{ normalize_email('email') }} as email,
        {{ clean_text('city') }} as city,
        _loaded_at as updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
