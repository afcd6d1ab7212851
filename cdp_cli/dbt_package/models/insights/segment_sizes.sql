with

members as (

    select
        segment,
        count(*) as count_members

    from {{ ref('segment_members') }}
    group by segment

),

events as (

    select
        segment,
        event,
        occurred_at,
        occurred_at > {{ dbt.dateadd('day', -7, as_of_utc()) }} as is_of_7d

    from {{ source('segment_log', 'segment_events') }}

),

changes as (

    select
        segment,
        max(occurred_at) as last_changed_at,
        cast(sum(case when is_of_7d and event = 'entered' then 1 else 0 end) as {{ dbt.type_bigint() }})
            as count_entered_7d,
        cast(sum(case when is_of_7d and event = 'exited' then 1 else 0 end) as {{ dbt.type_bigint() }})
            as count_exited_7d

    from events
    group by segment

),

sizes as (

    select
        changes.segment,
        coalesce(members.count_members, 0) as count_members,
        changes.count_entered_7d,
        changes.count_exited_7d,
        changes.last_changed_at

    from changes

    left join members
        on changes.segment = members.segment

)

select * from sizes
