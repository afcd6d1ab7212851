{#- dbt-spark's own form splits by a regular expression and counts from the end by the delimiters in the text;
    Spark has the function itself. -#}
{% macro spark__split_part(text, delimiter, part_number) -%}
    split_part({{ text }}, {{ delimiter }}, {{ part_number }})
{%- endmacro %}
