{#- The most first names on one identifier value that are compared with each other. -#}
{% macro names_compared_limit() -%}
    40
{%- endmacro %}
