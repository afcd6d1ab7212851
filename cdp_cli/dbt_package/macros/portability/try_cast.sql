{#- A value as another type, or null where it cannot be. dbt.safe_cast is a plain cast on DuckDB. -#}
{% macro try_cast(value, type) -%}
    {{ return(adapter.dispatch('try_cast', 'cdp')(value, type)) }}
{%- endmacro %}

{% macro default__try_cast(value, type) -%}
    try_cast({{ value }} as {{ type }})
{%- endmacro %}
