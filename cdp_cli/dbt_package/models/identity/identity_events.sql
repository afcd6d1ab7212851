with

moves as (

    select * from {{ ref('identity_record_moves') }}

),

profile_sizes as (

    select * from {{ ref('identity_profile_sizes') }}

),

transfers as (

    select * from {{ ref('identity_transfers') }}

),

decided_transfers as (

    select * from {{ ref('identity_decided_transfers') }}

),

minted as (

    select
        moves.profile_id,
        moves.run_id,
        moves.assigned_at,
        min(moves.record_id) as record_id

    from moves

    inner join profile_sizes
        on
            moves.profile_id = profile_sizes.profile_id
            and moves.assigned_at = profile_sizes.assigned_at
            and moves.assigned_at = profile_sizes.minted_at

    group by
        moves.profile_id,
        moves.run_id,
        moves.assigned_at

),

events as (

    select
        'minted' as event,
        profile_id,
        cast(null as {{ dbt.type_string() }}) as other_profile_id,
        record_id,
        run_id,
        assigned_at as occurred_at,
        'a group without an earlier profile' as reason,
        cast(null as {{ dbt.type_string() }}) as linked_record_id,
        cast(null as {{ dbt.type_string() }}) as linked_by,
        cast(null as double) as linked_probability,
        cast(null as {{ dbt.type_string() }}) as decision_id,
        cast(null as {{ dbt.type_string() }}) as decision,
        cast(null as {{ dbt.type_string() }}) as decided_by,
        cast(null as {{ dbt.type_timestamp() }}) as decided_at,
        cast(null as {{ dbt.type_string() }}) as decision_reason

    from minted

    union all

    select
        transfers.event,
        transfers.profile_id,
        transfers.other_profile_id,
        transfers.record_id,
        transfers.run_id,
        transfers.occurred_at,
        case
            when transfers.other_profile_id is null
                then transfers.count_records || ' records are gone from their sources'
            else transfers.count_records || ' records went to the other profile'
        end as reason,
        transfers.linked_record_id,
        transfers.linked_by,
        transfers.linked_probability,
        decided_transfers.decision_id,
        decided_transfers.decision,
        decided_transfers.decided_by,
        decided_transfers.decided_at,
        decided_transfers.decision_reason

    from transfers

    left join decided_transfers
        on
            transfers.profile_id = decided_transfers.profile_id
            and transfers.other_profile_id = decided_transfers.other_profile_id
            and transfers.occurred_at = decided_transfers.assigned_at

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
