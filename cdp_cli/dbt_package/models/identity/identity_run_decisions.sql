with

assignments as (

    select * from {{ ref('identity_assignments') }}

),

decisions as (

    select * from {{ source('cdp', 'identity_decisions') }}

),

moments as (

    select distinct assigned_at

    from assignments

),

runs as (

    select
        assigned_at,
        lag(assigned_at) over (order by assigned_at) as previous_at

    from moments

),

decisions_of_runs as (

    select
        runs.assigned_at,
        decisions.*

    from decisions

    inner join runs
        on
            decisions.decided_at <= runs.assigned_at
            and (runs.previous_at is null or decisions.decided_at > runs.previous_at)

),

final as (

    select
        latest.assigned_at,
        latest.decision_id,
        latest.left_record_id,
        latest.right_record_id,
        latest.decision,
        latest.decided_by,
        latest.decided_at,
        latest.reason

    from {{ latest_rows(
        'decisions_of_runs',
        'assigned_at, left_record_id, right_record_id',
        order_by='decided_at desc, decision_id desc'
    ) }} as latest

)

select * from final
