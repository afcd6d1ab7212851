{#- Letters without their accents: 'Élodie' becomes 'Elodie'. -#}
{% macro strip_accents(text) %}{{ return(adapter.dispatch('strip_accents', 'cdp')(text)) }}{% endmacro %}

{% macro default__strip_accents(text) -%}
    translate(
        {{ text }},
        'áàâäãåāăąçćčďđéèêëēėęěğíìîïīįłñńňóòôöõøōőřśšşťúùûüūůűųýÿžźżÁÀÂÄÃÅĀĂĄÇĆČĎĐÉÈÊËĒĖĘĚĞÍÌÎÏĪĮŁÑŃŇÓÒÔÖÕØŌŐŘŚŠŞŤÚÙÛÜŪŮŰŲÝŸŽŹŻ',
        'aaaaaaaaacccddeeeeeeeegiiiiiilnnnoooooooorssstuuuuuuuuyyzzzAAAAAAAAACCCDDEEEEEEEEGIIIIIILNNNOOOOOOOORSSSTUUUUUUUUYYZZZ'
    )
{%- endmacro %}

{% macro duckdb__strip_accents(text) -%}
    strip_accents({{ text }})
{%- endmacro %}
