{#- The columns that the properties file of profile_traits declares, in its order, without those that the model computes
    from other columns at its end. Read from the graph, because a unit test's `model` has no columns. -#}
{% macro trait_columns() -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- for column in graph.nodes['model.cdp.profile_traits'].columns.values() -%}
            {%- if column.name not in ['profile_id', 'last_active_at', 'activity_status'] -%}
                {%- do columns.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}
