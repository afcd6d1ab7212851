with

moves as (

    select * from {{ ref('identity_record_moves') }}

),

changes as (

    select
        profile_id,
        run_id,
        assigned_at,
        1 as change

    from moves

    where profile_id is not null

    union all

    select
        earlier_id as profile_id,
        run_id,
        assigned_at,
        -1 as change

    from moves

    where earlier_id is not null

),

final as (

    select
        profile_id,
        run_id,
        assigned_at,
        sum(sum(change)) over (
            partition by profile_id
            order by assigned_at
        ) as count_records,
        min(assigned_at) over (partition by profile_id) as minted_at

    from changes

    group by
        profile_id,
        run_id,
        assigned_at

)

select * from final
