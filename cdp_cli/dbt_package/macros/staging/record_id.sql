{#- The id of a person record over all sources: `<prefix>:<id>`, or null where there is no id. -#}
{% macro record_id(prefix, column) -%}
    '{{ prefix }}:' || {{ cdp.clean_text(column) }}
{%- endmacro %}
