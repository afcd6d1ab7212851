with

source as (

    select * from {{ latest_rows(source('crm', 'households'), 'household_id', 'updated_at') }}

),

renamed as (

    select

        household_id,
        {{ clean_text('name') }} as household_name,
        {{ clean_text('street') }} as street_address,
        {{ clean_text('city') }} as city,
        upper({{ clean_text('zip') }}) as postcode,
        upper({{ clean_text('country') }}) as country,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
