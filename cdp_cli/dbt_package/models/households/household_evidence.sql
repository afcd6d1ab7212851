with

homes as (

    select * from {{ ref('household_homes') }}

),

addresses as (

    select * from {{ ref('household_addresses') }}

),

surnames as (

    select * from {{ ref('household_surnames') }}

),

shared_identifiers as (

    select * from {{ ref('household_shared_identifiers') }}

),

final as (

    select
        homes.profile_id,
        homes.address_key,
        'surname' as tie,
        surnames.surname as value

    from homes

    inner join surnames
        on homes.profile_id = surnames.profile_id

    inner join addresses
        on homes.address_key = addresses.address_key

    -- In a building of many people, a surname in common is chance.
    where addresses.count_people <= {{ people_limit('household_building_people', 20) }}

    union all

    select
        homes.profile_id,
        homes.address_key,
        shared_identifiers.identifier_type as tie,
        shared_identifiers.identifier_value as value

    from homes

    inner join shared_identifiers
        on homes.profile_id = shared_identifiers.profile_id

    where homes.street is not null

)

select * from final
