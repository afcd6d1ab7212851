{#- How many letters to insert, drop or replace (and, where the engine can, two neighbours to swap) to make one
    text of the other. -#}
{% macro edit_distance(text, other_text) -%}
    {{ return(adapter.dispatch('edit_distance', 'cdp')(text, other_text)) }}
{%- endmacro %}

{% macro default__edit_distance(text, other_text) -%}
    levenshtein({{ text }}, {{ other_text }})
{%- endmacro %}

{% macro duckdb__edit_distance(text, other_text) -%}
    damerau_levenshtein({{ text }}, {{ other_text }})
{%- endmacro %}
