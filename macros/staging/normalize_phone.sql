{#- A telephone number as E.164 (`+493012345678`), by the rules of seeds/staging/country_codes.csv.

    `country` is a column with ISO 3166 letters, or none: numbers in national format are then read as those
    of the var `default_country`. Null where it can be no number: too short, too long, unknown calling code.
    Digits that somebody only held a finger on (0000000000, 123456789) stay as digits without a plus: they
    are seen for what they are and can never be mistaken for a number. -#}
{% macro normalize_phone(column, country=none) -%}
    {%- set text = "cast(" ~ column ~ " as " ~ dbt.type_string() ~ ")" -%}
    {#- Not part of the number: an extension, and the (0) of +44 (0)20. -#}
    {%- set typed = regexp_remove(
        regexp_remove(text, "(?i)[ ,;]*(ext[.]?|extension|x|#)[ :.]*[0-9]{1,5} *$"), "[(]0[)]|[^0-9+]"
    ) -%}
    {%- set digits = regexp_remove(typed, "[+]") -%}
    {%- set significant = regexp_remove(typed, "^[+]|^00|[+]") -%}
    {%- set calling_code = regexp_first(
        significant,
        "^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9][0-9])"
    ) -%}
    {%- set is_international = regexp_like(typed, "^([+]|00)") -%}
    {%- set home = "upper(coalesce(" ~ clean_text(country) ~ ", '" ~ var('default_country', 'GB') ~ "'))"
        if country else "'" ~ var('default_country', 'GB') ~ "'" -%}
    {%- set after_code = "substring(" ~ significant ~ ", 1 + length(country_codes.calling_code))" -%}
    {#- Some write the calling code and forget the plus: then the number is too long for one at home. -#}
    {%- set forgot_plus = digits ~ " like country_codes.calling_code || '%' and length(" ~ digits
        ~ ") > country_codes.max_length + length(coalesce(country_codes.trunk_prefix, ''))" -%}
    {%- set dialled = "case when " ~ is_international ~ " or (" ~ forgot_plus ~ ") then " ~ after_code
        ~ " else " ~ digits ~ " end" -%}
    {%- set number = "case when " ~ dialled ~ " like country_codes.trunk_prefix || '%' then substring("
        ~ dialled ~ ", 1 + length(country_codes.trunk_prefix)) else " ~ dialled ~ " end" -%}
    case
        when {{ is_idle_number(digits) }} then {{ digits }}
        else (
            select
                max(
                    case
                        when
                            length({{ number }})
                            between country_codes.min_length and country_codes.max_length
                            and length(country_codes.calling_code || {{ number }}) <= 15
                            and not {{ is_idle_number(number) }}
                            then '+' || country_codes.calling_code || {{ number }}
                    end
                )
            from {{ ref('country_codes') }} as country_codes
            where
                country_codes.code
                = case when {{ is_international }} then '+' || {{ calling_code }} else {{ home }} end
        )
    end
{%- endmacro %}
