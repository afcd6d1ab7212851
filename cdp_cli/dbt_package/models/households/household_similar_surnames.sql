with

address_evidence as (

    select * from {{ ref('household_address_evidence') }}

),

nearby_evidence as (

    select * from {{ ref('household_nearby_evidence') }}

),

surnames as (

    select
        address_key,
        value,
        first_profile_id

    from address_evidence

    where tie = 'surname'

),

surnames_in_reach as (

    select * from surnames

    union

    select
        address_key,
        value,
        first_profile_id

    from nearby_evidence

    where tie = 'surname'

),

final as (

    select distinct
        surnames_in_reach.first_profile_id as profile_id,
        surnames.first_profile_id as other_profile_id,
        surnames_in_reach.value,
        surnames.value as other_value

    from surnames_in_reach

    inner join surnames
        on surnames_in_reach.address_key = surnames.address_key

    where
        surnames_in_reach.value <> surnames.value
        and (
            (
                length(surnames_in_reach.value) >= 4
                and length(surnames.value) >= 4
                and levenshtein(surnames_in_reach.value, surnames.value) <= 1
            )
            or (
                length(surnames_in_reach.value) >= 6
                and length(surnames.value) >= 6
                and levenshtein(surnames_in_reach.value, surnames.value) <= 2
            )
        )

)

select * from final
