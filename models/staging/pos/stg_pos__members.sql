with

source as (

    select * from {{ cdp.latest_rows(source('pos', 'members'), 'loyalty_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ cdp.record_id('pos_member', 'loyalty_id') }} as record_id,
        {{ cdp.clean_text('loyalty_id') }} as loyalty_id,

        ---------- person
        {{ cdp.clean_text('first_name') }} as first_name,
        {{ cdp.clean_text('last_name') }} as last_name,
        {{ cdp.normalize_date('birth_date') }} as birth_date,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.normalize_phone('phone') }} as phone,
        upper({{ cdp.clean_text('zip') }}) as postcode,

        ---------- timestamps
        joined_at as created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
