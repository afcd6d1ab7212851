with

assignments as (

    select * from {{ ref('identity_assignments') }}

),

decisions as (

    select * from {{ source('cdp', 'identity_decisions') }}

),

-- Each change of a record with the profile that it was in before.
steps as (

    select
        record_id,
        profile_id,
        lag(profile_id) over (
            partition by record_id
            order by assigned_at
        ) as earlier_id,
        run_id,
        assigned_at,
        reason,
        linked_record_id,
        linked_by,
        linked_probability

    from assignments

),

first_uses as (

    select
        profile_id,
        min(assigned_at) as minted_at

    from steps

    where profile_id is not null

    group by profile_id

),

-- How many records come to a profile and leave it in each run, and so how many it has after it.
movements as (

    select
        profile_id,
        run_id,
        assigned_at,
        1 as change

    from steps

    where profile_id is not null

    union all

    select
        earlier_id as profile_id,
        run_id,
        assigned_at,
        -1 as change

    from steps

    where earlier_id is not null

),

sizes as (

    select
        profile_id,
        run_id,
        assigned_at,
        sum(sum(change)) over (
            partition by profile_id
            order by assigned_at
        ) as count_records

    from movements

    group by
        profile_id,
        run_id,
        assigned_at

),

-- Where a profile that is left empty went: to the profile that took the most of its records.
transfers as (

    select
        steps.earlier_id,
        steps.profile_id,
        steps.run_id,
        steps.assigned_at,
        count(*) as count_records,
        min(steps.record_id) as record_id,
        max(steps.linked_record_id) as linked_record_id,
        max(steps.linked_by) as linked_by,
        max(steps.linked_probability) as linked_probability

    from steps

    where steps.earlier_id is not null

    group by
        steps.earlier_id,
        steps.profile_id,
        steps.run_id,
        steps.assigned_at

),

ranked_transfers as (

    select
        transfers.*,
        coalesce(sizes.count_records, 0) = 0 as left_empty,
        first_uses.minted_at = transfers.assigned_at as to_new_profile,
        row_number() over (
            partition by transfers.earlier_id, transfers.run_id
            order by
                case when transfers.profile_id is null then 1 else 0 end asc,
                transfers.count_records desc,
                transfers.profile_id asc
        ) as largest_first

    from transfers

    inner join sizes
        on
            transfers.earlier_id = sizes.profile_id
            and transfers.run_id = sizes.run_id

    left join first_uses
        on transfers.profile_id = first_uses.profile_id

),

runs as (

    select
        assigned_at,
        lag(assigned_at) over (order by assigned_at) as previous_at

    from (
        select distinct assigned_at
        from assignments
    ) as moments

),

-- Each run with the decisions that it was the first to act on, the latest of a pair.
decisions_of_runs as (

    select *

    from (
        select
            runs.assigned_at,
            decisions.*,
            row_number() over (
                partition by runs.assigned_at, decisions.left_record_id, decisions.right_record_id
                order by decisions.decided_at desc, decisions.decision_id desc
            ) as newest_first

        from decisions

        inner join runs
            on
                decisions.decided_at <= runs.assigned_at
                and (runs.previous_at is null or decisions.decided_at > runs.previous_at)
    ) as numbered

    where newest_first = 1

),

decided_records as (

    select
        assigned_at,
        decision_id,
        left_record_id as record_id,
        1 as is_left

    from decisions_of_runs

    union all

    select
        assigned_at,
        decision_id,
        right_record_id as record_id,
        0 as is_left

    from decisions_of_runs

),

-- Where each record that was decided on stood before the run, and where after it.
decided_places as (

    select
        assigned_at,
        decision_id,
        is_left,
        profile_after,
        profile_before

    from (
        select
            decided_records.assigned_at,
            decided_records.decision_id,
            decided_records.is_left,
            steps.profile_id as profile_after,
            case
                when steps.assigned_at = decided_records.assigned_at then steps.earlier_id
                else steps.profile_id
            end as profile_before,
            row_number() over (
                partition by
                    decided_records.assigned_at,
                    decided_records.decision_id,
                    decided_records.is_left
                order by steps.assigned_at desc
            ) as newest_first

        from decided_records

        inner join steps
            on
                decided_records.record_id = steps.record_id
                and decided_records.assigned_at >= steps.assigned_at
    ) as numbered

    where newest_first = 1

),

-- A decision is behind a transfer where it brought its two records together, or parted them.
decided_transfers as (

    select
        movers.profile_before as earlier_id,
        movers.profile_after as profile_id,
        movers.assigned_at,
        decisions.decision_id,
        decisions.decision,
        decisions.decided_by,
        decisions.decided_at,
        decisions.reason as decision_reason,
        row_number() over (
            partition by movers.profile_before, movers.profile_after, movers.assigned_at
            order by decisions.decided_at desc, decisions.decision_id desc
        ) as newest_first

    from decided_places as movers

    inner join decided_places as others
        on
            movers.assigned_at = others.assigned_at
            and movers.decision_id = others.decision_id
            and movers.is_left <> others.is_left

    inner join decisions
        on movers.decision_id = decisions.decision_id

    where
        movers.profile_before <> movers.profile_after
        and (
            (
                movers.profile_after = others.profile_after
                and movers.profile_before <> others.profile_before
                and decisions.decision in ('same', 'undone')
            )
            or (
                movers.profile_after <> others.profile_after
                and movers.profile_before = others.profile_before
                and decisions.decision <> 'same'
            )
        )

),

events as (

    select
        'minted' as event,
        steps.profile_id,
        cast(null as {{ dbt.type_string() }}) as other_profile_id,
        min(steps.record_id) as record_id,
        steps.run_id,
        steps.assigned_at as occurred_at,
        'a group without an earlier profile' as reason,
        cast(null as {{ dbt.type_string() }}) as linked_record_id,
        cast(null as {{ dbt.type_string() }}) as linked_by,
        cast(null as double) as linked_probability,
        cast(null as {{ dbt.type_string() }}) as decision_id,
        cast(null as {{ dbt.type_string() }}) as decision,
        cast(null as {{ dbt.type_string() }}) as decided_by,
        cast(null as {{ dbt.type_timestamp() }}) as decided_at,
        cast(null as {{ dbt.type_string() }}) as decision_reason

    from steps

    inner join first_uses
        on
            steps.profile_id = first_uses.profile_id
            and steps.assigned_at = first_uses.minted_at

    group by
        steps.profile_id,
        steps.run_id,
        steps.assigned_at

    union all

    select
        case
            when
                ranked_transfers.left_empty
                and ranked_transfers.largest_first = 1
                and ranked_transfers.profile_id is null
                then 'retired'
            when ranked_transfers.left_empty and ranked_transfers.largest_first = 1 then 'merged'
            when ranked_transfers.profile_id is null then 'moved'
            when ranked_transfers.to_new_profile then 'split'
            else 'moved'
        end as event,
        ranked_transfers.earlier_id as profile_id,
        ranked_transfers.profile_id as other_profile_id,
        ranked_transfers.record_id,
        ranked_transfers.run_id,
        ranked_transfers.assigned_at as occurred_at,
        case
            when ranked_transfers.profile_id is null
                then ranked_transfers.count_records || ' records are gone from their sources'
            else ranked_transfers.count_records || ' records went to the other profile'
        end as reason,
        ranked_transfers.linked_record_id,
        ranked_transfers.linked_by,
        ranked_transfers.linked_probability,
        decided_transfers.decision_id,
        decided_transfers.decision,
        decided_transfers.decided_by,
        decided_transfers.decided_at,
        decided_transfers.decision_reason

    from ranked_transfers

    left join decided_transfers
        on
            ranked_transfers.earlier_id = decided_transfers.earlier_id
            and ranked_transfers.profile_id = decided_transfers.profile_id
            and ranked_transfers.assigned_at = decided_transfers.assigned_at
            and decided_transfers.newest_first = 1

),

final as (

    select
        md5(
            event || '|' || profile_id || '|' || coalesce(other_profile_id, '') || '|' || run_id
        ) as event_id,
        *

    from events

)

select * from final
