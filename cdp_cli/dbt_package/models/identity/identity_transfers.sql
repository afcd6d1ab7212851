with

moves as (

    select * from {{ ref('identity_record_moves') }}

),

profile_sizes as (

    select * from {{ ref('identity_profile_sizes') }}

),

transfers as (

    select
        earlier_id,
        profile_id,
        run_id,
        assigned_at,
        count(*) as count_records,
        min(record_id) as record_id,
        max(linked_record_id) as linked_record_id,
        max(linked_by) as linked_by,
        max(linked_probability) as linked_probability

    from moves

    where earlier_id is not null

    group by
        earlier_id,
        profile_id,
        run_id,
        assigned_at

),

-- A profile that is left empty went to the profile that took the most of its records.
ranked as (

    select
        transfers.*,
        coalesce(earlier_sizes.count_records, 0) = 0 as left_empty,
        later_sizes.minted_at = transfers.assigned_at as to_new_profile,
        row_number() over (
            partition by transfers.earlier_id, transfers.run_id
            order by
                case when transfers.profile_id is null then 1 else 0 end asc,
                transfers.count_records desc,
                transfers.profile_id asc
        ) as largest_first

    from transfers

    inner join profile_sizes as earlier_sizes
        on
            transfers.earlier_id = earlier_sizes.profile_id
            and transfers.run_id = earlier_sizes.run_id

    left join profile_sizes as later_sizes
        on
            transfers.profile_id = later_sizes.profile_id
            and transfers.run_id = later_sizes.run_id

),

final as (

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
        count_records,
        linked_record_id,
        linked_by,
        linked_probability

    from ranked

)

select * from final
