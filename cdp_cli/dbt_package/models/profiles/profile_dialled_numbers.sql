with

profile_identifiers as (

    select * from {{ ref('profile_identifiers') }}

),

country_codes as (

    select * from {{ ref('country_codes') }}

),

numbers as (

    select
        identifiers.profile_id,
        identifiers.identifier_value as phone,
        country_codes.calling_code,
        country_codes.trunk_prefix,
        {{ regexp_remove('identifiers.identifier_value', '^[+]') }} as digits

    from profile_identifiers as identifiers

    left join country_codes
        on {{ regexp_first('identifiers.identifier_value', '^[+]' ~ calling_code_pattern()) }} = country_codes.code

    where
        identifiers.identifier_type = 'phone'
        and identifiers.identifier_class <> 'junk'

),

-- A number may be dialled without its country's code, with what is put before it at home, or with the code
-- and no plus. A number whose country we do not know is dialled as it stands.
dialled_numbers as (

    select
        profile_id,
        phone,
        digits

    from numbers

    union all

    select
        profile_id,
        phone,
        substring(digits, 1 + length(calling_code)) as digits

    from numbers

    where calling_code is not null

    union all

    select
        profile_id,
        phone,
        trunk_prefix || substring(digits, 1 + length(calling_code)) as digits

    from numbers

    where trunk_prefix is not null

),

final as (

    select
        {{ regexp_remove('digits', '^0+') }} as digits,
        profile_id,
        min(phone) as phone

    from dialled_numbers

    group by
        {{ regexp_remove('digits', '^0+') }},
        profile_id

)

select * from final
