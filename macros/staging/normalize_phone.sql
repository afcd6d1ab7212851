{#- A telephone number as E.164 (`+493012345678`), by the rules of seeds/staging/country_codes.csv.

    `country` is a column with ISO 3166 letters, or none: numbers in national format are then read as those
    of the var `default_country`. A national number that there is not in that country stays as its digits,
    without a plus: it is still the same wherever it was typed, and can not be mistaken for a number of
    somebody else. So do digits that somebody only held a finger on (0000000000, 123456789).
    Null where it can be no number: too short, too long, unknown calling code. -#}
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
    {%- set is_possible = "length(" ~ number ~ ") between country_codes.min_length and country_codes.max_length"
        ~ " and length(country_codes.calling_code || " ~ number ~ ") <= 15"
        ~ " and not " ~ is_idle_number(number) -%}
    {#- Who does not say the country and leaves out the 0 as well could mean any: (718) 427-1848 is New York. -#}
    {%- set is_local = dialled ~ " like coalesce(nullif(country_codes.trunk_prefix, '1'), '') || '%' or "
        ~ forgot_plus ~ (" or " ~ clean_text(country) ~ " is not null" if country else "") -%}
    case
        when {{ is_idle_number(digits) }} then {{ digits }}
        when {{ is_international }}
            then (
                select max(case when {{ is_possible }} then '+' || country_codes.calling_code || {{ number }} end)
                from {{ ref('country_codes') }} as country_codes
                where country_codes.code = '+' || {{ calling_code }}
            )
        when length({{ digits }}) >= 7
            then coalesce(
                (
                    select
                        max(
                            case
                                when
                                    {{ is_possible }}
                                    and ({{ is_local }})
                                    and {{ regexp_full_match(number, 'country_codes.pattern') }}
                                    then '+' || country_codes.calling_code || {{ number }}
                            end
                        )
                    from {{ ref('country_codes') }} as country_codes
                    where country_codes.code = {{ home }}
                ),
                case when length({{ digits }}) <= 13 then {{ digits }} end
            )
    end
{%- endmacro %}
