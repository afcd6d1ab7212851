with

same_streets as (

    select * from {{ ref('household_same_streets') }}

),

similar_streets as (

    select * from {{ ref('household_similar_streets') }}

),

address_evidence as (

    select * from {{ ref('household_address_evidence') }}

),

same_dwellings as (

    select * from same_streets

    union

    select * from similar_streets

),

-- Distinct, so that no engine joins what people have in common before where they live.
final as (

    select distinct
        same_dwellings.other_address_key as address_key,
        address_evidence.tie,
        address_evidence.value,
        address_evidence.first_profile_id

    from same_dwellings

    inner join address_evidence
        on same_dwellings.address_key = address_evidence.address_key

)

select * from final
