{#- A date as ISO 8601 text. Reads 1984-03-09, 1984/3/9, 19840309, 09.03.1984 (day first, or month first with
    `month_first=true`), with or without a time behind it. What cannot be read as a whole date (`1984`,
    `31.02.1984`) stays as it is written: part of a birth date is still evidence. -#}
{% macro normalize_date(column, month_first=false) -%}
    {%- set text = cdp.regexp_remove(cdp.clean_text(column), "[T ][0-9]{1,2}:.*$") -%}
    {%- set parts = "replace(replace(" ~ text ~ ", '/', '-'), '.', '-')" -%}
    {%- set piece = {} -%}
    {%- for number in [1, 2, 3] -%}
        {%- do piece.update({number: dbt.split_part(parts, "'-'", number) | trim}) -%}
    {%- endfor -%}
    {%- set day, month = (piece[2], piece[1]) if month_first else (piece[1], piece[2]) -%}
    coalesce(
        cast({{ cdp.try_cast(
            "case"
            ~ " when " ~ cdp.regexp_like(parts, "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$")
            ~ " then " ~ piece[1] ~ " || '-' || lpad(" ~ piece[2] ~ ", 2, '0') || '-' || lpad(" ~ piece[3] ~ ", 2, '0')"
            ~ " when " ~ cdp.regexp_like(parts, "^[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}$")
            ~ " then " ~ piece[3] ~ " || '-' || lpad(" ~ month ~ ", 2, '0') || '-' || lpad(" ~ day ~ ", 2, '0')"
            ~ " when " ~ cdp.regexp_like(parts, "^[0-9]{8}$")
            ~ " then substring(" ~ parts ~ ", 1, 4) || '-' || substring(" ~ parts ~ ", 5, 2)"
            ~ " || '-' || substring(" ~ parts ~ ", 7, 2)"
            ~ " end",
            "date"
        ) }} as {{ dbt.type_string() }}),
        {{ cdp.clean_text(column) }}
    )
{%- endmacro %}
