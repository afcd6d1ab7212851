{#- Seconds from a moment to the present. The CTE has to join `clock`, which has the present. -#}
{% macro age_in_seconds(moment) -%}
    {{ dbt.datediff(moment, 'clock.present', 'second') | trim }}
{%- endmacro %}
