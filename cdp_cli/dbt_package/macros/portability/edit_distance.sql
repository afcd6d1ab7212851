{#- The Damerau-Levenshtein distance of two texts over the bytes of UTF-8: how many letters to insert, drop, replace
    or swap with a neighbour to make one text of the other. Null if either is null. Linking compares names by the
    same function (cdp_cli/warehouse/spark/sql.py), so both engines have one definition. -#}
{% macro edit_distance(text, other_text) -%}
    {{ return(adapter.dispatch('edit_distance', 'cdp')(text, other_text)) }}
{%- endmacro %}

{#- A function of Splink's jar, which knows no null and compares characters: each byte becomes a character. -#}
{% macro default__edit_distance(text, other_text) -%}
    case
        when {{ text }} is not null and {{ other_text }} is not null
            then cast(damerau_levenshtein(
                decode(encode({{ text }}, 'utf-8'), 'iso-8859-1'),
                decode(encode({{ other_text }}, 'utf-8'), 'iso-8859-1')
            ) as int)
    end
{%- endmacro %}

{% macro duckdb__edit_distance(text, other_text) -%}
    damerau_levenshtein({{ text }}, {{ other_text }})
{%- endmacro %}
