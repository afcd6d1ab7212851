with

run_decisions as (

    select * from {{ ref('identity_run_decisions') }}

),

moves as (

    select * from {{ ref('identity_record_moves') }}

),

decided_records as (

    select
        assigned_at,
        decision_id,
        left_record_id as record_id,
        1 as is_left

    from run_decisions

    union all

    select
        assigned_at,
        decision_id,
        right_record_id as record_id,
        0 as is_left

    from run_decisions

),

moves_until as (

    select
        decided_records.assigned_at,
        decided_records.decision_id,
        decided_records.is_left,
        moves.profile_id as profile_after,
        case
            when moves.assigned_at = decided_records.assigned_at then moves.earlier_id
            else moves.profile_id
        end as profile_before,
        moves.assigned_at as moved_at

    from decided_records

    inner join moves
        on
            decided_records.record_id = moves.record_id
            and decided_records.assigned_at >= moves.assigned_at

),

final as (

    select
        latest.assigned_at,
        latest.decision_id,
        latest.is_left,
        latest.profile_after,
        latest.profile_before

    from {{ latest_rows('moves_until', 'assigned_at, decision_id, is_left', order_by='moved_at desc') }} as latest

)

select * from final
