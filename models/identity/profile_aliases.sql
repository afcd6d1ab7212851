with recursive

events as (

    select * from {{ ref('identity_events') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

merges as (

    select
        profile_id as retired_profile_id,
        other_profile_id as next_profile_id,
        occurred_at

    from events

    where event = 'merged'

),

-- A profile may merge into one that merges later: follow each to its end, forwards in time.
chains as (

    select
        retired_profile_id,
        next_profile_id,
        occurred_at

    from merges

    union all

    select
        chains.retired_profile_id,
        merges.next_profile_id,
        merges.occurred_at

    from chains

    inner join merges
        on
            chains.next_profile_id = merges.retired_profile_id
            and chains.occurred_at < merges.occurred_at

),

ends as (

    select
        retired_profile_id,
        next_profile_id as profile_id,
        occurred_at,
        row_number() over (
            partition by retired_profile_id
            order by occurred_at desc, next_profile_id
        ) as last_first

    from chains

),

living as (

    select distinct profile_id from identity_map

),

final as (

    select
        ends.retired_profile_id,
        ends.profile_id,
        ends.occurred_at as retired_at

    from ends

    left join living
        on ends.retired_profile_id = living.profile_id

    where
        ends.last_first = 1
        and living.profile_id is null

)

select * from final
