{#- Your models use the engine's schema names (staging, segments, ...), with the var `schema_prefix` before them. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ return(cdp.generate_schema_name(custom_schema_name, node)) }}
{%- endmacro %}
