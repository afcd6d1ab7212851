with recursive

events as (

    select * from {{ ref('identity_events') }}

),

successors as (

    select
        profile_id as retired_profile_id,
        other_profile_id as profile_id,
        occurred_at as retired_at

    from events

    where event = 'merged'

),

-- An id is retired once and never comes back, so that each has one successor at most and chains end.
chains as (

    select
        retired_profile_id,
        profile_id,
        retired_at,
        1 as steps

    from successors

    union all

    select
        chains.retired_profile_id,
        successors.profile_id,
        chains.retired_at,
        chains.steps + 1 as steps

    from chains

    inner join successors
        on chains.profile_id = successors.retired_profile_id

),

final as (

    select
        latest.retired_profile_id,
        latest.profile_id,
        latest.retired_at

    from {{ latest_rows('chains', 'retired_profile_id', order_by='steps desc') }} as latest

)

select * from final
