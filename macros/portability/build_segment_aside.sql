{#- Make a segment's new table beside the one that stands. -#}
{% macro build_segment_aside(aside, select_sql) -%}
    {{ return(adapter.dispatch('build_segment_aside', 'cdp')(aside, select_sql)) }}
{%- endmacro %}

{% macro default__build_segment_aside(aside, select_sql) -%}
    create or replace table {{ aside }} as

    select cast(segment.profile_id as {{ dbt.type_string() }}) as profile_id
    from (
        {{ select_sql }}
    ) as segment
{%- endmacro %}
