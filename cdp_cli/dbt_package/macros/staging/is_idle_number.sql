{#- Whether digits are what an idle finger types: one digit over and over, or the keys in their order. -#}
{% macro is_idle_number(digits) -%}
    (
        length({{ digits }}) >= 6
        and (
            {{ digits }} = repeat(substring({{ digits }}, 1, 1), length({{ digits }}))
            or '012345678901234567890' like '%' || {{ digits }} || '%'
            or '09876543210987654321' like '%' || {{ digits }} || '%'
        )
    )
{%- endmacro %}
