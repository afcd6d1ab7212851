{#- Text without blanks around it; null where nothing is left. Tools export empty values as null or ''. -#}
{% macro clean_text(column) -%}
    nullif(trim(cast({{ column }} as {{ dbt.type_string() }})), '')
{%- endmacro %}
