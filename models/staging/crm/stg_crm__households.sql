with

source as (

    select * from {{ cdp.latest_rows(source('crm', 'households'), 'household_id', 'updated_at') }}

),

renamed as (

    select

        household_id,
        {{ cdp.clean_text('name') }} as household_name,
        {{ cdp.clean_text('street') }} as street_address,
        {{ cdp.clean_text('city') }} as city,
        upper({{ cdp.clean_text('zip') }}) as postcode,
        upper({{ cdp.clean_text('country') }}) as country,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
