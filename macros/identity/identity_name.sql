{#- A name as linking compares it: letters only, and without salutations and titles, which are no part of
    a name. Apostrophes join (O'Brien is obrien), all else divides. -#}
{% macro identity_name(name) -%}
    {%- set plain = strip_accents('lower(' ~ name ~ ')') -%}
    {%- set letters = keep_letters(regexp_replace_all(plain, "[''’`´]", '')) -%}
    {%- set titles = (
        "(^| )(mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|lady|lord|rev|reverend|hon|captain|colonel|general|"
        ~ "herr|frau|mme|mlle|madame|monsieur|mevrouw|meneer|dhr|mevr|jr|sr|esq|nee|st|nd|rd|th|baronet|"
        ~ "baron|baroness|earl|duke|duchess|viscount|marquess|marquis|count|countess|of|the)( |$)"
    ) -%}
    {#- Twice, because two titles in a row share the blank between them. -#}
    nullif(trim({{ regexp_replace_all(regexp_replace_all(letters, titles, ' '), titles, ' ') }}), '')
{%- endmacro %}
