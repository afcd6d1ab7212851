{#- One value that stands for hundreds of addresses says nothing, so that nothing is compared for it. -#}
with

addresses as (

    select
        *,
        substring(street_letters, 1, 1) as initial

    from {{ ref('household_addresses') }}

),

comparable_streets as (

    select
        postcode,
        house_number,
        initial

    from addresses

    where
        postcode is not null
        and house_number <> ''

    group by
        postcode,
        house_number,
        initial

    having count(*) between 2 and 200

),

-- A street that is abbreviated or mistyped, with the same house number.
final as (

    select
        addresses.address_key,
        others.address_key as other_address_key

    from addresses

    inner join comparable_streets
        on
            addresses.postcode = comparable_streets.postcode
            and addresses.house_number = comparable_streets.house_number
            and addresses.initial = comparable_streets.initial

    inner join addresses as others
        on
            addresses.postcode = others.postcode
            and addresses.house_number = others.house_number
            and addresses.initial = others.initial
            and addresses.address_key < others.address_key

    where
        (
            length(addresses.street_letters) >= 8
            and length(others.street_letters) >= 8
            and levenshtein(addresses.street_letters, others.street_letters) <= 2
        )
        or (
            length(addresses.street_letters) >= 5
            and length(others.street_letters) >= 5
            and (
                others.street_letters like addresses.street_letters || '%'
                or addresses.street_letters like others.street_letters || '%'
            )
        )

)

select * from final
