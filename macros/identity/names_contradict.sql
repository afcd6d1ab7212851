{#- Whether two first names are too far apart for a slip of the pen: neither starts the other, and more than
    two letters in five differ. Nicknames are the caller's to know. -#}
{% macro names_contradict(name, other_name) -%}
    (
        not {{ name }} like {{ other_name }} || '%'
        and not {{ other_name }} like {{ name }} || '%'
        and levenshtein({{ name }}, {{ other_name }}) * 5 > greatest(length({{ name }}), length({{ other_name }})) * 2
    )
{%- endmacro %}
