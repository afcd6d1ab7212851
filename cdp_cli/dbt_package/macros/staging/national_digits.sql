{#- The digits of a number that was typed without its country's code, without zeros before them; null where
    the code was typed. Compared with all ways to dial the numbers that we know, they reach the same number in
    each country: what was typed does not say in which one it is. -#}
{% macro national_digits(column) -%}
    case
        when not {{ cdp.regexp_like(cdp.dialled(column), '^([+]|00)') }}
            then nullif({{ cdp.regexp_remove(cdp.dialled(column), '^0+|[+]') }}, '')
    end
{%- endmacro %}
