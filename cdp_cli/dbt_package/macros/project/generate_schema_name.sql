{#- Layers are schemas of their own names (identity, profiles, ...), not `<target schema>_<name>`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ cdp.schema_prefix() }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
