{#- Text as linking compares it: lower case, no accents, only letters and digits, single blanks; never ''. -#}
{% macro identity_text(text) -%}
    nullif(trim({{ keep_letters(strip_accents('lower(' ~ text ~ ')'), digits=true) }}), '')
{%- endmacro %}
