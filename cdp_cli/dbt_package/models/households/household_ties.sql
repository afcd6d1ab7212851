with

evidence as (

    select * from {{ ref('household_evidence') }}

),

address_evidence as (

    select * from {{ ref('household_address_evidence') }}

),

nearby_evidence as (

    select * from {{ ref('household_nearby_evidence') }}

),

similar_surnames as (

    select * from {{ ref('household_similar_surnames') }}

),

people_without_address as (

    select * from {{ ref('household_people_without_address') }}

),

ties as (

    select
        address_evidence.first_profile_id as profile_id,
        evidence.profile_id as other_profile_id,
        evidence.tie,
        evidence.value,
        evidence.value as other_value

    from evidence

    inner join address_evidence
        on
            evidence.address_key = address_evidence.address_key
            and evidence.tie = address_evidence.tie
            and evidence.value = address_evidence.value

    union all

    select
        nearby_evidence.first_profile_id as profile_id,
        address_evidence.first_profile_id as other_profile_id,
        address_evidence.tie,
        address_evidence.value,
        address_evidence.value as other_value

    from nearby_evidence

    inner join address_evidence
        on
            nearby_evidence.address_key = address_evidence.address_key
            and nearby_evidence.tie = address_evidence.tie
            and nearby_evidence.value = address_evidence.value

    union all

    select
        profile_id,
        other_profile_id,
        'surname' as tie,
        value,
        other_value

    from similar_surnames

    union all

    select
        first_profile_id as profile_id,
        profile_id as other_profile_id,
        identifier_type as tie,
        identifier_value as value,
        identifier_value as other_value

    from people_without_address

),

final as (

    select distinct
        least(profile_id, other_profile_id) as left_profile_id,
        greatest(profile_id, other_profile_id) as right_profile_id,
        tie,
        case when profile_id < other_profile_id then value else other_value end as left_value,
        case when profile_id < other_profile_id then other_value else value end as right_value

    from ties

    where profile_id <> other_profile_id

)

select * from final
