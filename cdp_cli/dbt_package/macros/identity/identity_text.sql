{#- Text as linking compares it: lower case, no accents, only letters and digits, single blanks; never ''. -#}
{% macro identity_text(text) -%}
    nullif(trim({{ cdp.keep_letters(cdp.strip_accents('lower(' ~ text ~ ')'), digits=true) }}), '')
{%- endmacro %}
