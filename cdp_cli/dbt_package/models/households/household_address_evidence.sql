{#- Each group of people with one thing in common is a star around its first one, so that it has as many ties as
    people. -#}
with

evidence as (

    select * from {{ ref('household_evidence') }}

),

final as (

    select
        address_key,
        tie,
        value,
        min(profile_id) as first_profile_id

    from evidence

    group by
        address_key,
        tie,
        value

)

select * from final
