{#- Spark takes '1980' for the first of January 1980; a date is a whole date. -#}
{% macro spark__try_cast(value, type) -%}
    {%- if type in ['date', dbt.type_timestamp()] -%}
        case when {{ value }} rlike '^ *[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}' then try_cast({{ value }} as {{ type }}) end
    {%- else -%}
        try_cast({{ value }} as {{ type }})
    {%- endif -%}
{%- endmacro %}
