{#- An aggregate: the last known value of a column, in the order of another. -#}
{% macro value_at_last(value, order_by) -%}
    {{ return(adapter.dispatch('value_at_last', 'cdp')(value, order_by)) }}
{%- endmacro %}

{% macro default__value_at_last(value, order_by) -%}
    max_by({{ value }}, {{ order_by }}) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro duckdb__value_at_last(value, order_by) -%}
    arg_max({{ value }}, {{ order_by }}) filter (where {{ value }} is not null)
{%- endmacro %}
