{#- Whether a pattern, itself a column, fits a whole text. -#}
{% macro regexp_full_match(text, pattern_column) -%}
    {{ return(adapter.dispatch('regexp_full_match', 'cdp')(text, pattern_column)) }}
{%- endmacro %}

{% macro default__regexp_full_match(text, pattern_column) -%}
    {{ text }} rlike ('^(?:' || {{ pattern_column }} || ')$')
{%- endmacro %}

{% macro duckdb__regexp_full_match(text, pattern_column) -%}
    regexp_full_match({{ text }}, {{ pattern_column }})
{%- endmacro %}
