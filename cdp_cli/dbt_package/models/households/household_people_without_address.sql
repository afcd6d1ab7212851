with

homes as (

    select * from {{ ref('household_homes') }}

),

shared_identifiers as (

    select * from {{ ref('household_shared_identifiers') }}

),

-- A phone, an e-mail or a device that is used at one address only says where its users live.
homes_of_values as (

    select
        shared_identifiers.identifier_type,
        shared_identifiers.identifier_value,
        min(homes.profile_id) as first_profile_id,
        min(homes.street) as street,
        min(homes.city) as city,
        min(homes.postcode) as postcode

    from shared_identifiers

    inner join homes
        on shared_identifiers.profile_id = homes.profile_id

    where homes.street is not null

    group by
        shared_identifiers.identifier_type,
        shared_identifiers.identifier_value

    having
        count(distinct homes.street) = 1
        and count(distinct homes.city) <= 1
        and coalesce(levenshtein(min(homes.postcode), max(homes.postcode)), 0) <= 1

),

placed as (

    select
        shared_identifiers.profile_id,
        shared_identifiers.identifier_type,
        shared_identifiers.identifier_value,
        homes_of_values.first_profile_id,
        homes_of_values.street,
        homes_of_values.city,
        homes_of_values.postcode

    from shared_identifiers

    inner join homes_of_values
        on
            shared_identifiers.identifier_type = homes_of_values.identifier_type
            and shared_identifiers.identifier_value = homes_of_values.identifier_value

    inner join homes
        on shared_identifiers.profile_id = homes.profile_id

    where homes.street is null

),

people_of_one_home as (

    select profile_id

    from placed

    group by profile_id

    having
        count(distinct street) = 1
        and count(distinct city) <= 1
        and coalesce(levenshtein(min(postcode), max(postcode)), 0) <= 1

),

final as (

    select
        placed.profile_id,
        placed.identifier_type,
        placed.identifier_value,
        placed.first_profile_id

    from placed

    inner join people_of_one_home
        on placed.profile_id = people_of_one_home.profile_id

)

select * from final
