{#- Put a segment's new table in the place of the old one. -#}
{% macro publish_segment(aside, target) -%}
    {{ return(adapter.dispatch('publish_segment', 'cdp')(aside, target)) }}
{%- endmacro %}

{#- Plain statements and no adapter.rename_relation: dbt's cache would remember a rename that was rolled back. -#}
{% macro default__publish_segment(aside, target) -%}
    {%- set standing = load_cached_relation(target) -%}
    {%- if standing is not none -%}
        {%- call statement('drop_standing') -%}
            drop {{ standing.type }} if exists {{ target }}
        {%- endcall -%}
    {%- endif -%}
    {%- call statement('publish') -%}
        alter table {{ aside }} rename to {{ adapter.quote(target.identifier) }}
    {%- endcall -%}
{%- endmacro %}
