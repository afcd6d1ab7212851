{#- The models in these folders use the engine's schema names (unified, segments, ...). All other models keep
    the schema that dbt gives them. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if node.resource_type == 'model' and node.fqn[1] in ['unified', 'traits', 'segments', 'activation'] -%}
        {{ return(cdp.generate_schema_name(custom_schema_name, node)) }}
    {%- endif -%}
    {{ return(dbt.generate_schema_name(custom_schema_name, node)) }}
{%- endmacro %}
