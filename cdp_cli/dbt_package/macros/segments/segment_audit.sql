{#- One row: rows without profile_id, rows whose profile_id stands more than once, rows of no known profile. -#}
{% macro segment_audit(aside, profiles) -%}
    with

    members as (

        select
            profile_id,
            count(*) as count_rows

        from {{ aside }}
        group by profile_id

    )

    select
        coalesce(sum(case when members.profile_id is null then members.count_rows end), 0) as count_null,
        coalesce(
            sum(case when members.profile_id is not null and members.count_rows > 1 then members.count_rows end), 0
        ) as count_repeated,
        coalesce(
            sum(case when members.profile_id is not null and profiles.profile_id is null then members.count_rows end),
            0
        ) as count_unknown

    from members

    left join {{ profiles }} as profiles
        on members.profile_id = profiles.profile_id
{%- endmacro %}
