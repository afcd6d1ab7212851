{#- One value that stands for hundreds of addresses says nothing, so that nothing is compared for it. -#}
with

addresses as (

    select * from {{ ref('household_addresses') }}

),

streets_of_postcodes as (

    select
        street,
        postcode

    from addresses

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

    from addresses

    where city is not null

    group by
        street,
        city

    having count(*) between 2 and 200

),

final as (

    select
        addresses.address_key,
        others.address_key as other_address_key

    from addresses

    inner join streets_of_postcodes
        on
            addresses.street = streets_of_postcodes.street
            and addresses.postcode = streets_of_postcodes.postcode

    inner join addresses as others
        on
            addresses.street = others.street
            and addresses.postcode = others.postcode
            and addresses.address_key < others.address_key

    union

    -- A large city has the same street twice, so that postcodes have to be one slip apart at most.
    select
        addresses.address_key,
        others.address_key as other_address_key

    from addresses

    inner join streets_of_cities
        on
            addresses.street = streets_of_cities.street
            and addresses.city = streets_of_cities.city

    inner join addresses as others
        on
            addresses.street = others.street
            and addresses.city = others.city
            and addresses.address_key < others.address_key

    where
        levenshtein(addresses.postcode, others.postcode) <= 1
        or (
            (addresses.postcode is null or others.postcode is null)
            and streets_of_cities.count_postcodes = 1
        )

)

select * from final
