{#- What the group of a pattern finds first in a text, or '' where it finds nothing. No backslashes. -#}
{% macro regexp_first(text, pattern, group=0) -%}
    {{ return(adapter.dispatch('regexp_first', 'cdp')(text, pattern, group)) }}
{%- endmacro %}

{% macro default__regexp_first(text, pattern, group) -%}
    regexp_extract({{ text }}, '{{ pattern }}', {{ group }})
{%- endmacro %}
