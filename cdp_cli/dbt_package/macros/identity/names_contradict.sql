{#- Whether two first names are too far apart to be one: no slip of the pen (two letters in five), and not one
    the short form of the other, which keeps its beginning or stands inside it (Dani, Danielle; Bas,
    Sebastiaan). An initial has to be the other's. Nicknames of other letters are the caller's to know. -#}
{% macro names_contradict(name, other_name) -%}
    (
        substring({{ name }}, 1, 3) <> substring({{ other_name }}, 1, 3)
        and not {{ name }} like {{ other_name }} || '%'
        and not {{ other_name }} like {{ name }} || '%'
        and (
            length({{ name }}) = 1
            or length({{ other_name }}) = 1
            or (
                not {{ name }} like '%' || {{ other_name }} || '%'
                and not {{ other_name }} like '%' || {{ name }} || '%'
                and {{ cdp.edit_distance(name, other_name) }} * 5
                > greatest(length({{ name }}), length({{ other_name }})) * 2
            )
        )
    )
{%- endmacro %}
