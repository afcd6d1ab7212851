{#- The rows that the log is short of: who is in the audience and not in the log's membership, and the
    reverse. A merged profile exits under its retired id and enters under the id that it has now. -#}
{% macro segment_changes(segment, aside, log) -%}
    with

    members_before as (

        {{ cdp.segment_membership(log, "segment = '" ~ segment ~ "'") }}

    ),

    changes as (

        select
            coalesce(members_now.profile_id, members_before.profile_id) as profile_id,
            case when members_before.profile_id is null then 'entered' else 'exited' end as event

        from members_before

        full outer join {{ aside }} as members_now
            on members_before.profile_id = members_now.profile_id

        where members_before.profile_id is null or members_now.profile_id is null

    )

    select
        '{{ segment }}' as segment,
        profile_id,
        event,
        {{ cdp.as_of_utc() }} as occurred_at,
        '{{ invocation_id }}' as run_id

    from changes
{%- endmacro %}
