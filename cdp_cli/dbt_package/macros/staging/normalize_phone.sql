{#- A telephone number as E.164 (`+493012345678`), by the rules of seeds/staging/country_codes.csv.

    `country` is a column with ISO 3166 letters, or none: numbers in national format are then read as those
    of the var `default_country`. A national number that there is not in that country stays as its digits,
    without a plus: it is still the same wherever it was typed, and can not be mistaken for a number of
    somebody else. Digits that are no number of the country, but one after its calling code, were typed
    without the plus. What stays as it is too: digits that somebody only held a finger on (0000000000, 123456789).
    Null where it can be no number: too short, too long, unknown calling code.

    Each step is computed once (in_steps), because what follows asks for it again and again. -#}
{% macro normalize_phone(column, country=none) -%}
    {%- set default_country = "'" ~ var('default_country', 'GB') ~ "'" -%}
    {%- set levels = [
        {
            'dialling': cdp.dialled(column),
            'home': 'upper(coalesce(' ~ cdp.clean_text(country) ~ ', ' ~ default_country ~ '))' if country else default_country,
            'has_country': cdp.clean_text(country) ~ ' is not null' if country else 'false',
        },
        {
            'digits': cdp.regexp_remove('@dialling', '[+]'),
            'significant': cdp.regexp_remove('@dialling', '^[+]|^00|[+]'),
            'is_international': cdp.regexp_like('@dialling', '^([+]|00)'),
        },
        {
            'is_idle': cdp.is_idle_number('@digits'),
            'code': "case when @is_international then '+' || "
                ~ cdp.regexp_first('@significant', '^' ~ cdp.calling_code_pattern()) ~ ' else @home end',
        },
        {
            'has_calling_code': '@is_international or ('
                ~ "@digits like @calling_code || '%'"
                ~ " and length(@digits) > @max_length + length(coalesce(@trunk_prefix, ''))"
                ~ ')'
                ~ " or case when not @is_international and @digits like @calling_code || '%'"
                ~ ' then not ' ~ cdp.regexp_full_match('@digits', '@pattern')
                ~ ' and ' ~ cdp.regexp_full_match('substring(@digits, 1 + length(@calling_code))', '@pattern')
                ~ ' else false end',
        },
        {
            'dialled':
                'case when @has_calling_code then substring(@significant, 1 + length(@calling_code)) else @digits end',
        },
        {
            'is_local': '@has_country or @has_calling_code'
                ~ " or @dialled like coalesce(nullif(@trunk_prefix, '1'), '') || '%'",
            'number': "case when @dialled like @trunk_prefix || '%' then substring(@dialled, 1 + length(@trunk_prefix))"
                ~ ' else @dialled end',
        },
        {
            'is_possible': 'length(@number) between @min_length and @max_length'
                ~ ' and length(@calling_code || @number) <= 15'
                ~ ' and not ' ~ cdp.is_idle_number('@number'),
        },
    ] -%}
    {{- cdp.in_steps(
        levels,
        "case"
        ~ " when @is_idle then @digits"
        ~ " when @is_possible and (@is_international or (@is_local and "
        ~ cdp.regexp_full_match('@number', '@pattern') ~ ")) then '+' || @calling_code || @number"
        ~ " when not @is_international and length(@digits) between 7 and 13 then @digits"
        ~ " end",
        {
            'level': 3,
            'table': ref('country_codes') | string,
            'key': 'code',
            'by': 'code',
            'columns': ['calling_code', 'trunk_prefix', 'min_length', 'max_length', 'pattern'],
        },
    ) -}}
{%- endmacro %}
