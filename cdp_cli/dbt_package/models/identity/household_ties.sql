{#- Every group of people with one thing in common is a star around its first one: as many ties as people,
    however many they are. -#}
{%- set particles = [
    'van', 'von', 'der', 'den', 'des', 'del', 'della', 'dos', 'das', 'las', 'los', 'ter', 'ten', 'bin', 'ibn',
] -%}
{%- set similar_surnames -%}
    (length(surnames.value) >= 4 and length(other_surnames.value) >= 4
    and levenshtein(surnames.value, other_surnames.value) <= 1)
    or (length(surnames.value) >= 6 and length(other_surnames.value) >= 6
    and levenshtein(surnames.value, other_surnames.value) <= 2)
{%- endset -%}

with

people as (

    select * from {{ ref('household_homes') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

identity_records as (

    select * from {{ ref('identity_records') }}

),

identity_identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

homes as (

    select * from people

    where street is not null

),

doors as (

    select
        door,
        street,
        city,
        postcode,
        house_number,
        street_letters,
        count(*) as count_people

    from homes

    group by
        door,
        street,
        city,
        postcode,
        house_number,
        street_letters

),

-- Where one value stands for hundreds of addresses, it says nothing, and nothing is compared.
streets_of_postcodes as (

    select
        street,
        postcode

    from doors

    where postcode is not null

    group by
        street,
        postcode

    having count(*) between 2 and 200

),

streets_of_cities as (

    select
        street,
        city,
        count(distinct postcode) as count_postcodes

    from doors

    where city is not null

    group by
        street,
        city

    having count(*) between 2 and 200

),

comparable_streets as (

    select
        postcode,
        house_number,
        substring(street_letters, 1, 1) as initial

    from doors

    where
        postcode is not null
        and house_number <> ''

    group by
        postcode,
        house_number,
        substring(street_letters, 1, 1)

    having count(*) between 2 and 200

),

-- Two ways to write one address.
same_dwelling as (

    select
        doors.door,
        others.door as other_door

    from doors

    inner join streets_of_postcodes
        on
            doors.street = streets_of_postcodes.street
            and doors.postcode = streets_of_postcodes.postcode

    inner join doors as others
        on
            doors.street = others.street
            and doors.postcode = others.postcode
            and doors.door < others.door

    union

    -- A large city has the same street twice: postcodes have to be one slip apart at most.
    select
        doors.door,
        others.door as other_door

    from doors

    inner join streets_of_cities
        on
            doors.street = streets_of_cities.street
            and doors.city = streets_of_cities.city

    inner join doors as others
        on
            doors.street = others.street
            and doors.city = others.city
            and doors.door < others.door

    where
        levenshtein(doors.postcode, others.postcode) <= 1
        or (
            (doors.postcode is null or others.postcode is null)
            and streets_of_cities.count_postcodes = 1
        )

    union

    -- A street that is abbreviated or mistyped, of the same number.
    select
        doors.door,
        others.door as other_door

    from doors

    inner join comparable_streets
        on
            doors.postcode = comparable_streets.postcode
            and doors.house_number = comparable_streets.house_number
            and substring(doors.street_letters, 1, 1) = comparable_streets.initial

    inner join doors as others
        on
            doors.postcode = others.postcode
            and doors.house_number = others.house_number
            and substring(doors.street_letters, 1, 1) = substring(others.street_letters, 1, 1)
            and doors.door < others.door

    where
        (
            length(doors.street_letters) >= 8
            and length(others.street_letters) >= 8
            and levenshtein(doors.street_letters, others.street_letters) <= 2
        )
        or (
            length(doors.street_letters) >= 5
            and length(others.street_letters) >= 5
            and (
                others.street_letters like doors.street_letters || '%'
                or doors.street_letters like others.street_letters || '%'
            )
        )

),

surnames_of_records as (

    select distinct
        identity_map.profile_id,
        identity_records.last_name

    from identity_map

    inner join identity_records
        on identity_map.record_id = identity_records.record_id

    where identity_records.last_name is not null

),

-- A surname by which a record ever knew the person, a maiden name too, and each part of a double one.
surname_parts as (

    select
        profile_id,
        last_name as surname

    from surnames_of_records

    where
        last_name not like '% %'
        and not {{ regexp_like('last_name', '^[a-z]$') }}
    {%- for place in range(1, 5) %}

        union

        select
            profile_id,
            {{ dbt.split_part('last_name', "' '", place) }} as surname

        from surnames_of_records

        where
            last_name like '% %'
            and length({{ dbt.split_part('last_name', "' '", place) }}) >= 3
            and {{ dbt.split_part('last_name', "' '", place) }} not in (
                {%- for particle in particles %}
                    '{{ particle }}'{{ ',' if not loop.last }}
                {%- endfor %}
            )
    {%- endfor %}

),

identifiers_of_profiles as (

    select distinct
        identity_map.profile_id,
        identity_identifiers.identifier_type,
        identity_identifiers.identifier_value

    from identity_identifiers

    inner join identity_map
        on identity_identifiers.record_id = identity_map.record_id

    where identity_identifiers.identifier_class <> 'junk'

),

-- A value that one person alone uses ties nobody.
shared_values as (

    select
        identifier_type,
        identifier_value

    from identifiers_of_profiles

    group by
        identifier_type,
        identifier_value

    having count(*) > 1

),

shared_identifiers as (

    select
        identifiers_of_profiles.profile_id,
        identifiers_of_profiles.identifier_type,
        identifiers_of_profiles.identifier_value

    from identifiers_of_profiles

    inner join shared_values
        on
            identifiers_of_profiles.identifier_type = shared_values.identifier_type
            and identifiers_of_profiles.identifier_value = shared_values.identifier_value

),

evidence as (

    select
        homes.profile_id,
        homes.door,
        'surname' as tie,
        surname_parts.surname as value

    from homes

    inner join surname_parts
        on homes.profile_id = surname_parts.profile_id

    inner join doors
        on homes.door = doors.door

    -- In a building of many people, a surname in common is chance.
    where doors.count_people <= {{ people_limit('household_building_people', 20) }}

    union all

    select
        homes.profile_id,
        homes.door,
        shared_identifiers.identifier_type as tie,
        shared_identifiers.identifier_value as value

    from homes

    inner join shared_identifiers
        on homes.profile_id = shared_identifiers.profile_id

),

evidence_of_doors as (

    select
        door,
        tie,
        value,
        min(profile_id) as first_profile_id

    from evidence

    group by
        door,
        tie,
        value

),

surnames_of_doors as (

    select
        door,
        value,
        first_profile_id

    from evidence_of_doors

    where tie = 'surname'

),

-- Distinct, so that no engine joins what people have in common before where they live.
evidence_in_reach as (

    select distinct
        same_dwelling.other_door as door,
        evidence_of_doors.tie,
        evidence_of_doors.value,
        evidence_of_doors.first_profile_id

    from same_dwelling

    inner join evidence_of_doors
        on same_dwelling.door = evidence_of_doors.door

),

surnames_in_reach as (

    select
        door,
        value,
        first_profile_id

    from surnames_of_doors

    union

    select
        door,
        value,
        first_profile_id

    from evidence_in_reach

    where tie = 'surname'

),

-- Somebody without a street lives where a phone, an e-mail or a device is that is used at one address only.
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

    group by
        shared_identifiers.identifier_type,
        shared_identifiers.identifier_value

    having
        count(distinct homes.street) = 1
        and count(distinct homes.city) <= 1
        and coalesce(levenshtein(min(homes.postcode), max(homes.postcode)), 0) <= 1

),

guests as (

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

    inner join people
        on shared_identifiers.profile_id = people.profile_id

    where people.street is null

),

guests_of_one_home as (

    select profile_id

    from guests

    group by profile_id

    having
        count(distinct street) = 1
        and count(distinct city) <= 1
        and coalesce(levenshtein(min(postcode), max(postcode)), 0) <= 1

),

ties as (

    select
        evidence_of_doors.first_profile_id as profile_id,
        evidence.profile_id as other_profile_id,
        evidence.tie,
        evidence.value,
        evidence.value as other_value

    from evidence

    inner join evidence_of_doors
        on
            evidence.door = evidence_of_doors.door
            and evidence.tie = evidence_of_doors.tie
            and evidence.value = evidence_of_doors.value

    union

    select
        evidence_in_reach.first_profile_id as profile_id,
        evidence_of_doors.first_profile_id as other_profile_id,
        evidence_of_doors.tie,
        evidence_of_doors.value,
        evidence_of_doors.value as other_value

    from evidence_in_reach

    inner join evidence_of_doors
        on
            evidence_in_reach.door = evidence_of_doors.door
            and evidence_in_reach.tie = evidence_of_doors.tie
            and evidence_in_reach.value = evidence_of_doors.value

    union

    select
        surnames.first_profile_id as profile_id,
        other_surnames.first_profile_id as other_profile_id,
        'surname' as tie,
        surnames.value,
        other_surnames.value as other_value

    from surnames_in_reach as surnames

    inner join surnames_of_doors as other_surnames
        on surnames.door = other_surnames.door

    where
        surnames.value <> other_surnames.value
        and ({{ similar_surnames }})

    union

    select
        guests.first_profile_id as profile_id,
        guests.profile_id as other_profile_id,
        guests.identifier_type as tie,
        guests.identifier_value as value,
        guests.identifier_value as other_value

    from guests

    inner join guests_of_one_home
        on guests.profile_id = guests_of_one_home.profile_id

),

final as (

    select
        least(profile_id, other_profile_id) as left_profile_id,
        greatest(profile_id, other_profile_id) as right_profile_id,
        tie,
        case when profile_id < other_profile_id then value else other_value end as left_value,
        case when profile_id < other_profile_id then other_value else value end as right_value

    from ties

    where profile_id <> other_profile_id

)

select distinct * from final
