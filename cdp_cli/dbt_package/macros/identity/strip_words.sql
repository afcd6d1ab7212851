{#- A text of blank-separated words without those that `words` lists (`mr|mrs`). Twice, because two listed
    words in a row share the blank between them. -#}
{% macro strip_words(text, words) -%}
    {%- set pattern = "(^| )(" ~ words ~ ")( |$)" -%}
    {{- cdp.regexp_replace_all(cdp.regexp_replace_all(text, pattern, ' '), pattern, ' ') -}}
{%- endmacro %}
