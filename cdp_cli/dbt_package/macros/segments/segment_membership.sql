{#- Who is a member now, by the log: more entries than exits. Counting, not the latest row, because two runs
    of a warehouse whose clock stands still write the same occurred_at. -#}
{% macro segment_membership(log, condition) -%}
    select
        segment,
        profile_id,
        max(case when event = 'entered' then occurred_at end) as entered_at

    from {{ log }}
    where {{ condition }}
    group by segment, profile_id
    having sum(case when event = 'entered' then 1 else -1 end) > 0
{%- endmacro %}
