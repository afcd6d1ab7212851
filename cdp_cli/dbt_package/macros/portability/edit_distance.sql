{#- The Damerau-Levenshtein distance of two texts over the bytes of UTF-8: how many letters to insert, drop, replace
    or swap with a neighbour to make one text of the other. Null if either is null. Linking compares names by the
    same function on each engine, so both have one definition. -#}
{% macro edit_distance(text, other_text) -%}
    {{ return(adapter.dispatch('edit_distance', 'cdp')(text, other_text)) }}
{%- endmacro %}

{% macro default__edit_distance(text, other_text) -%}
    damerau_levenshtein({{ text }}, {{ other_text }})
{%- endmacro %}
