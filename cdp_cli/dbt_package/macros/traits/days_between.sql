{#- Days from one moment to another as a fraction: 1.5 is 36 hours. -#}
{% macro days_between(from_timestamp, to_timestamp) -%}
    {{ dbt.datediff(from_timestamp, to_timestamp, 'second') }} / 86400
{%- endmacro %}
