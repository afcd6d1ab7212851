{#- The columns of identity_records that hold identifiers, in words: each is the type of its own name. -#}
{% macro identifier_columns() -%}
    user_id loyalty_id national_id email phone anonymous_id
{%- endmacro %}
