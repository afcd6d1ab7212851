with

assignments as (

    select * from {{ ref('identity_assignments') }}

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
        cast(null as double) as linked_probability

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
            when left_empty and largest_first = 1 and profile_id is null then 'retired'
            when left_empty and largest_first = 1 then 'merged'
            when profile_id is null then 'moved'
            when to_new_profile then 'split'
            else 'moved'
        end as event,
        earlier_id as profile_id,
        profile_id as other_profile_id,
        record_id,
        run_id,
        assigned_at as occurred_at,
        case
            when profile_id is null then count_records || ' records are gone from their sources'
            else count_records || ' records went to the other profile'
        end as reason,
        linked_record_id,
        linked_by,
        linked_probability

    from ranked_transfers

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
