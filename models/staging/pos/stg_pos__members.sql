with

source as (

    select * from {{ latest_rows(source('pos', 'members'), 'loyalty_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ record_id('pos_member', 'loyalty_id') }} as record_id,
        {{ clean_text('loyalty_id') }} as loyalty_id,

        ---------- person
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ normalize_date('birth_date') }} as birth_date,
        {{ normalize_email('email') }} as email,
        {{ normalize_phone('phone') }} as phone,
        upper({{ clean_text('zip') }}) as postcode,

        ---------- timestamps
        joined_at as created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
