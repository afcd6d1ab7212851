with

homes as (

    select * from {{ ref('household_homes') }}

),

addresses as (

    select
        address_key,
        street,
        city,
        postcode,
        house_number,
        street_letters,
        count(*) as count_people

    from homes

    where street is not null

    group by
        address_key,
        street,
        city,
        postcode,
        house_number,
        street_letters

)

select * from addresses
