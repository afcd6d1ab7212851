{#- What one dials of a number as it was typed: digits and plus, without an extension, and without the (0) of
    +44 (0)20. -#}
{% macro dialled(column) -%}
    {{ cdp.regexp_remove(
        cdp.regexp_remove(cdp.clean_text(column), '(?i)[ ,;]*(ext[.]?|extension|x|#)[ :.]*[0-9]{1,5} *$'),
        '[(]0[)]|[^0-9+]'
    ) }}
{%- endmacro %}
