{#- Where a segment's new table is built, out of the way of the one that stands. -#}
{% macro segment_aside(target) -%}
    {{ return(adapter.dispatch('segment_aside', 'cdp')(target)) }}
{%- endmacro %}

{% macro default__segment_aside(target) -%}
    {%- do return(api.Relation.create(
        database=target.database, schema=target.schema, identifier=target.identifier ~ '__build', type='table'
    )) -%}
{%- endmacro %}

{#- Make a segment's new table there. -#}
{% macro build_segment_aside(aside, select_sql) -%}
    {%- call statement('drop_aside') -%}
        drop table if exists {{ aside }}
    {%- endcall -%}
    {%- call statement('main') -%}
        create table {{ aside }} as

        select cast(segment.profile_id as {{ dbt.type_string() }}) as profile_id
        from (
            {{ select_sql }}
        ) as segment
    {%- endcall -%}
{%- endmacro %}
