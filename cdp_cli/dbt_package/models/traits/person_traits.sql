with

unified_people as (

    select * from {{ ref('unified_people') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

-- When a person became known by name: an account, a card, a subscription, a guest order.
first_known as (

    select
        identity_map.profile_id,
        min(people.created_at) as joined_at

    from unified_people as people

    inner join identity_map
        on people.record_id = identity_map.record_id

    where people.anonymous_id is null
    group by identity_map.profile_id

)

select * from first_known
