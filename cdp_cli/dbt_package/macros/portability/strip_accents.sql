{#- Letters without their accents, and as Latin keyboards write them: 'Élodie' becomes 'Elodie', 'Søren' 'Soren',
    'Strauß' 'Strauss'. Marks written as characters of their own go as well, and the Greek sigma at the end of a
    word is any other. No script is turned into another. -#}
{% macro strip_accents(text) %}{{ return(adapter.dispatch('strip_accents', 'cdp')(text)) }}{% endmacro %}

{#- Letters that Unicode does not take apart into a letter and its accent. -#}
{% macro plain_letters(text, accents='', letters='') -%}
    {%- set of_two_letters = {'ß': 'ss', 'æ': 'ae', 'œ': 'oe', 'þ': 'th', 'Æ': 'AE', 'Œ': 'OE', 'Þ': 'TH'} -%}
    {%- set plain = namespace(text=text) -%}
    {%- for letter, two in of_two_letters.items() -%}
        {%- set plain.text = "replace(" ~ plain.text ~ ", '" ~ letter ~ "', '" ~ two ~ "')" -%}
    {%- endfor -%}
    translate({{ plain.text }}, 'øłđðħıςØŁĐÐĦ{{ accents }}', 'olddhiσOLDDH{{ letters }}')
{%- endmacro %}

{% macro default__strip_accents(text) -%}
    {{ cdp.plain_letters(
        "regexp_replace(" ~ text ~ ", r'\\p{M}+', '')",
        'áàâäãåāăąçćčďéèêëēėęěğíìîïīįñńňóòôöõōőřśšşťúùûüūůűųýÿžźżÁÀÂÄÃÅĀĂĄÇĆČĎÉÈÊËĒĖĘĚĞÍÌÎÏĪĮÑŃŇÓÒÔÖÕŌŐŘŚŠŞŤÚÙÛÜŪŮŰŲÝŸŽŹŻ',
        'aaaaaaaaacccdeeeeeeeegiiiiiinnnooooooorssstuuuuuuuuyyzzzAAAAAAAAACCCDEEEEEEEEGIIIIIINNNOOOOOOORSSSTUUUUUUUUYYZZZ',
    ) }}
{%- endmacro %}

{#- Of most text each letter is one byte, and there is nothing to do. -#}
{% macro duckdb__strip_accents(text) -%}
    case
        when strlen({{ text }}) = length({{ text }}) then {{ text }}
        else {{ cdp.plain_letters('strip_accents(' ~ text ~ ')') }}
    end
{%- endmacro %}
