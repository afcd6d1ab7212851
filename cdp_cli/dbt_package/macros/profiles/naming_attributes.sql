{#- What makes a visitor somebody, of the attributes that survive. -#}
{% macro naming_attributes() -%}
    {{ return(
        ['full_name', 'first_name', 'last_name', 'email', 'phone', 'user_id', 'loyalty_id']
    ) }}
{%- endmacro %}
