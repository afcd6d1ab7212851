{#- Layers are schemas of their own names (identity, profiles, ...), not `<target schema>_<name>`.
    A developer who shares a warehouse sets the var `schema_prefix`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ var('schema_prefix', '') }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
