{#- Whether a fact lies within the last so many times 24 hours. The fact's CTE has to carry age_seconds. -#}
{% macro within_days(days, age_seconds='age_seconds') -%}
    {{ age_seconds }} < {{ days }} * 86400
{%- endmacro %}
