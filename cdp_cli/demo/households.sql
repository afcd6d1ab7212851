-- Households: how many live together, in which country, under which name.
--
-- ${people} people from household ${first_household} and person ${first_person} on; ends with the addresses that
-- addresses.sql is to make.

create or replace temp table households as
with

numbered as (

    select range as household_no

    from range(${first_household}, ${first_household} + ${people} + 1)

),

keyed as (

    select
        household_no,
        key_of(household_no, 'household') as hk

    from numbered

),

sized as (

    select
        *,
        case
            when chance(hk, 'size') < 0.4785 then 1
            when chance(hk, 'size') < 0.7656 then 2
            when chance(hk, 'size') < 0.8804 then 3
            when chance(hk, 'size') < 0.9617 then 4
            else 5
        end as size,
        case
            when chance(hk, 'country') < 0.35 then 'GB'
            when chance(hk, 'country') < 0.60 then 'DE'
            when chance(hk, 'country') < 0.75 then 'FR'
            when chance(hk, 'country') < 0.90 then 'NL'
            else 'US'
        end as country,
        if(chance(hk, 'gender') < 0.5, 'f', 'm') as head_gender,
        (chance(hk, 'twins') < ${twins}) as has_twins,
        (chance(hk, 'same name') < ${same_name}) as has_same_name

    from keyed

),

placed as (

    select
        *,
        ${first_person} + sum(size) over (order by household_no) - size as first_person_no,
        case
            when chance(hk, 'migrant') < 0.07
                then list_extract(['en', 'de', 'fr', 'nl'], choice(hk, 'language', 4))
            when country in ('GB', 'US') then 'en'
            else lower(country)
        end as language,
        -- Two together are a couple, flatmates, or a parent and a grown child; more are a family.
        case
            when size = 1 then 'single'
            when size = 2 and chance(hk, 'kind') < 0.15 then 'flatmates'
            when size = 2 and chance(hk, 'kind') < 0.27 then 'parent'
            else 'family'
        end as kind

    from sized

)

select
    * replace (first_person_no::bigint as first_person_no)

from placed

where first_person_no < ${first_person} + ${people};

create or replace temp table address_requests as
select
    household_no,
    versions.range as version,
    part_key(hk, versions.range) as k,
    country

from households

cross join range(0, 2) as versions;
