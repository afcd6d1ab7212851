{#- Whether a first name is a nickname with one slip of the pen. Of three letters the first has to stand. -#}
{% macro is_slipped_nickname(name, nickname) -%}
    (
        length({{ name }}) >= 3
        and length({{ nickname }}) >= 3
        and (length({{ nickname }}) > 3 or substring({{ name }}, 1, 1) = substring({{ nickname }}, 1, 1))
        and {{ cdp.edit_distance(name, nickname) }} <= 1
    )
{%- endmacro %}
