{#- f, m, x, or null where the source does not say. -#}
{% macro normalize_gender(column) -%}
    case lower(substring({{ cdp.clean_text(column) }}, 1, 1))
        when 'f' then 'f'
        when 'w' then 'f'
        when 'm' then 'm'
        when 'x' then 'x'
        when 'd' then 'x'
    end
{%- endmacro %}
