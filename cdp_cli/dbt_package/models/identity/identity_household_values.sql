with

value_people as (

    select * from {{ ref('identity_value_people') }}

),

blocked_values as (

    select * from {{ ref('blocked_values') }}

),

mobile_prefixes as (

    select * from {{ ref('mobile_prefixes') }}

),

mobile_countries as (

    select distinct calling_code from mobile_prefixes

),

-- Landline: the country's mobile prefixes are known and none matches.
landlines as (

    select distinct
        value_people.identifier_type,
        value_people.identifier_value,
        'a landline' as reason

    from value_people

    inner join mobile_countries
        on value_people.identifier_value like '+' || mobile_countries.calling_code || '%'

    left join mobile_prefixes
        on value_people.identifier_value like '+' || mobile_prefixes.prefix || '%'

    where
        value_people.identifier_type = 'phone'
        and mobile_prefixes.prefix is null

),

-- An address with a word that several people share: family.smith@, info@.
shared_addresses as (

    select distinct
        value_people.identifier_type,
        value_people.identifier_value,
        'a shared address' as reason

    from value_people

    inner join blocked_values
        on
            blocked_values.column_name = 'email_word'
            and ' ' || {{ keep_letters(dbt.split_part('value_people.identifier_value', "'@'", 1)) }} || ' '
            like '% ' || blocked_values.value || ' %'

    where value_people.identifier_type = 'email'

),

final as (

    select * from landlines

    union all

    select * from shared_addresses

)

select * from final
