{#- A name as linking compares it: letters only, and without salutations, which are no part of a name; with
    `titles`, without those either (some are names as well: Earl, Bishop). Apostrophes join (O'Brien is
    obrien), all else divides. -#}
{% macro identity_name(name, titles=false) -%}
    {%- set plain = cdp.strip_accents('lower(' ~ name ~ ')') -%}
    {%- set letters = cdp.keep_letters(cdp.regexp_replace_all(plain, "[''’`´]", '')) -%}
    {%- set salutations = (
        "mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|lady|rev|reverend|hon|honourable|rt|right|esq|esquire|jr|"
        ~ "sr|nee|herr|frau|mme|mlle|madame|monsieur|mevrouw|meneer|dhr|mevr|st|nd|rd|th|bt|of|the"
    ) -%}
    {%- set ranks = (
        "|lord|captain|capt|colonel|col|general|gen|major|maj|admiral|vice|brig|brigadier|lieutenant|lt|bishop|"
        ~ "baronet|baron|baroness|earl|duke|duchess|viscount|marquess|marquis|count|countess"
    ) -%}
    nullif(trim({{ cdp.strip_words(letters, salutations ~ (ranks if titles else '')) }}), '')
{%- endmacro %}
