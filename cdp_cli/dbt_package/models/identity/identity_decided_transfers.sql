with

decided_records as (

    select * from {{ ref('identity_decided_records') }}

),

run_decisions as (

    select * from {{ ref('identity_run_decisions') }}

),

-- A decision is behind a transfer if it brought its two records together, or parted them.
decided_transfers as (

    select
        movers.profile_before as profile_id,
        movers.profile_after as other_profile_id,
        movers.assigned_at,
        run_decisions.decision_id,
        run_decisions.decision,
        run_decisions.decided_by,
        run_decisions.decided_at,
        run_decisions.reason as decision_reason

    from decided_records as movers

    inner join decided_records as others
        on
            movers.assigned_at = others.assigned_at
            and movers.decision_id = others.decision_id
            and movers.is_left <> others.is_left

    inner join run_decisions
        on
            movers.decision_id = run_decisions.decision_id
            and movers.assigned_at = run_decisions.assigned_at

    where
        movers.profile_before <> movers.profile_after
        and (
            (
                movers.profile_after = others.profile_after
                and movers.profile_before <> others.profile_before
                and run_decisions.decision in ('same', 'undone')
            )
            or (
                movers.profile_after <> others.profile_after
                and movers.profile_before = others.profile_before
                and run_decisions.decision <> 'same'
            )
        )

),

final as (

    select
        latest.profile_id,
        latest.other_profile_id,
        latest.assigned_at,
        latest.decision_id,
        latest.decision,
        latest.decided_by,
        latest.decided_at,
        latest.decision_reason

    from {{ latest_rows(
        'decided_transfers',
        'profile_id, other_profile_id, assigned_at',
        order_by='decided_at desc, decision_id desc'
    ) }} as latest

)

select * from final
