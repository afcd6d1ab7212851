{#- A dbt var that is a number of people, 1 or more. -#}
{% macro people_limit(name, default) -%}
    {%- set value = var(name, default) | string -%}
    {%- if not value.isdigit() or value | int < 1 -%}
        {%- do exceptions.raise_compiler_error(
            "The dbt var " ~ name ~ " is '" ~ value ~ "', which is no number of people. Correct it in "
            ~ "dbt_project.yml: " ~ default ~ " is the default."
        ) -%}
    {%- endif -%}
    {{ value | int }}
{%- endmacro %}
