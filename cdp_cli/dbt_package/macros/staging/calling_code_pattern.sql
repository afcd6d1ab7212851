{#- A pattern for the calling code of a country: no code is the beginning of another. -#}
{% macro calling_code_pattern() -%}
    (1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9][0-9])
{%- endmacro %}
