{#- The node of the graph that a relation, as ref() gives it, stands for. In a unit test a relation is a CTE of
    rows that is named after its model. -#}
{% macro node_of_relation(relation) -%}
    {%- for node in graph.nodes.values() if node.resource_type in ['model', 'seed', 'snapshot'] -%}
        {%- set is_it = node.alias == relation.identifier and node.schema == relation.schema
            and (not relation.database or node.database == relation.database) -%}
        {%- if is_it or relation.identifier == '__dbt__cte__' ~ node.name -%}
            {{ return(node) }}
        {%- endif -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        model.name ~ ' lists ' ~ relation ~ ', which is not a model of this project. Run `cdp generate`.'
    ) -%}
{%- endmacro %}
