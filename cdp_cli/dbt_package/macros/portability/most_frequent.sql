{#- An aggregate: the value that stands most often, null where there is none. Of values that stand equally
    often it is the first in the alphabet, so that threads and row order decide nothing. -#}
{% macro most_frequent(expression) -%}
    {{ return(adapter.dispatch('most_frequent', 'cdp')(expression)) }}
{%- endmacro %}

{% macro default__most_frequent(expression) -%}
    mode({{ expression }}, true)
{%- endmacro %}

{#- DuckDB's own mode() takes whichever of two equals it met first. -#}
{% macro duckdb__most_frequent(expression) -%}
    list_sort(list_transform(
        map_entries(histogram({{ expression }})),
        lambda entry: {'less_often': -cast(entry['value'] as bigint), 'entry': entry['key']}
    ))[1]['entry']
{%- endmacro %}
