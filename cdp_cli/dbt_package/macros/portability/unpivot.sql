{#- A table expression with one row per row and further column of a table, where that column is not null: the
    key, the column's name and its value. All columns but the key have one type. -#}
{% macro unpivot(relation, key, name, value) -%}
    {{ return(adapter.dispatch('unpivot', 'cdp')(relation, key, name, value)) }}
{%- endmacro %}

{% macro default__unpivot(relation, key, name, value) -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) if column.name | lower != key -%}
            {%- do columns.append(column.name) -%}
        {%- endfor -%}
    {%- endif -%}
    (select * from {{ relation }} unpivot ({{ value }} for {{ name }} in ({{ columns | join(', ') or key }})))
{%- endmacro %}

{% macro duckdb__unpivot(relation, key, name, value) -%}
    (unpivot {{ relation }} on columns(* exclude ({{ key }})) into name {{ name }} value {{ value }})
{%- endmacro %}
