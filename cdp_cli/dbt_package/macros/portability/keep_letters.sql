{#- A text with each run of what is no letter of any script (and, with `digits`, no digit) made one blank. -#}
{% macro keep_letters(text, digits=false) -%}
    {{ return(adapter.dispatch('keep_letters', 'cdp')(text, digits)) }}
{%- endmacro %}

{% macro default__keep_letters(text, digits) -%}
    regexp_replace({{ text }}, r'[^\p{L}{{ "\\p{N}" if digits }}]+', ' ')
{%- endmacro %}

{% macro duckdb__keep_letters(text, digits) -%}
    regexp_replace({{ text }}, '[^\p{L}{{ "\\p{N}" if digits }}]+', ' ', 'g')
{%- endmacro %}
