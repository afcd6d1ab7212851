{#- A telephone number as E.164 (`+493012345678`), by the rules of seeds/staging/country_codes.csv.

    `country` is a column with ISO 3166 letters, or none: numbers in national format are then read as those
    of the var `default_country`. A national number that there is not in that country stays as its digits,
    without a plus: it is still the same wherever it was typed, and can not be mistaken for a number of
    somebody else. So do digits that somebody only held a finger on (0000000000, 123456789).
    Null where it can be no number: too short, too long, unknown calling code.

    Each step is a select of its own, so that it is computed once; the innermost reads the caller's row. -#}
{% macro normalize_phone(column, country=none) -%}
    {%- set default_country = "'" ~ var('default_country', 'GB') ~ "'" -%}
    (
        select
            case
                when is_idle then digits
                when is_possible and (is_international or (is_local and {{ regexp_full_match('number', 'pattern') }}))
                    then '+' || calling_code || number
                when not is_international and length(digits) between 7 and 13 then digits
            end
        from (
            select
                *,
                length(number) between min_length and max_length
                and length(calling_code || number) <= 15
                and not {{ is_idle_number('number') }} as is_possible
            from (
                select
                    *,
                    {#- Without country and leading 0 it could be anybody's: (718) 427-1848 is New York. #}
                    has_country
                    or has_calling_code
                    or dialled like coalesce(nullif(trunk_prefix, '1'), '') || '%' as is_local,
                    case
                        when dialled like trunk_prefix || '%' then substring(dialled, 1 + length(trunk_prefix))
                        else dialled
                    end as number
                from (
                    select
                        *,
                        case
                            when has_calling_code then substring(significant, 1 + length(calling_code))
                            else digits
                        end as dialled
                    from (
                        select
                            typed.*,
                            country_codes.calling_code,
                            country_codes.trunk_prefix,
                            country_codes.min_length,
                            country_codes.max_length,
                            country_codes.pattern,
                            {#- Who forgets the plus makes a number that is too long for one at home. #}
                            typed.is_international
                            or (
                                typed.digits like country_codes.calling_code || '%'
                                and length(typed.digits)
                                > country_codes.max_length + length(coalesce(country_codes.trunk_prefix, ''))
                            ) as has_calling_code
                        from (
                            select
                                *,
                                {{ is_idle_number('digits') }} as is_idle,
                                case
                                    when is_international
                                        then '+' || {{ regexp_first('significant', '^' ~ calling_code_pattern()) }}
                                    else home
                                end as code
                            from (
                                select
                                    *,
                                    {{ regexp_remove('dialling', '[+]') }} as digits,
                                    {{ regexp_remove('dialling', '^[+]|^00|[+]') }} as significant,
                                    {{ regexp_like('dialling', '^([+]|00)') }} as is_international
                                from (
                                    select
                                        {{ dialled(column) }} as dialling,
                                        {% if country -%}
                                        upper(coalesce({{ clean_text(country) }}, {{ default_country }})) as home,
                                        {{ clean_text(country) }} is not null as has_country
                                        {%- else -%}
                                        {{ default_country }} as home,
                                        false as has_country
                                        {%- endif %}
                                ) as as_typed
                            ) as as_dialled
                        ) as typed
                        left join {{ ref('country_codes') }} as country_codes
                            on typed.code = country_codes.code
                    ) as looked_up
                ) as without_calling_code
            ) as without_trunk_prefix
        ) as checked
    )
{%- endmacro %}
