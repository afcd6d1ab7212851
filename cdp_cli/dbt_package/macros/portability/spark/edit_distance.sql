{#- A function of Splink's jar, which knows no null and compares characters: each byte becomes a character. -#}
{% macro spark__edit_distance(text, other_text) -%}
    case
        when {{ text }} is not null and {{ other_text }} is not null
            then cast(damerau_levenshtein(
                decode(encode({{ text }}, 'utf-8'), 'iso-8859-1'),
                decode(encode({{ other_text }}, 'utf-8'), 'iso-8859-1')
            ) as int)
    end
{%- endmacro %}
