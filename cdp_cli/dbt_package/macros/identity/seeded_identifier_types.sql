{#- The identifier types of the seed as it is loaded, in a list; empty before it is. -#}
{% macro seeded_identifier_types() -%}
    {%- set types = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.name == 'identifier_types' -%}
            {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if relation is not none -%}
                {%- for row in run_query('select identifier_type from ' ~ relation ~ ' order by identifier_type') -%}
                    {%- do types.append(row[0]) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(types) }}
{%- endmacro %}
