{#- Keys that records are compared under; each rule is one idea of what one person's records have in common. -#}
{{ config(materialized='view') }}

{%- set first_letters = "substring(first_name, 1, 3)" -%}
{%- set last_letters = "substring(last_name, 1, 3)" -%}
{%- set birth_year = "substring(birth_text, 1, 4)" -%}
{%- set rules = {
    'both_names': ["least(first_name, last_name) || '|' || greatest(first_name, last_name)"],
    'first_name_birth_date': ["first_name || '|' || birth_text"],
    'last_name_birth_date': ["last_name || '|' || birth_text"],
    'birth_date_postcode': ["birth_text || '|' || postcode"],
    'birth_date_city': ["birth_text || '|' || city"],
    'birth_date': ["birth_text"],
    'first_name_postcode': ["first_name || '|' || postcode"],
    'last_name_postcode_initial': ["last_name || '|' || postcode || '|' || substring(first_name, 1, 1)"],
    'first_name_street': ["first_name || '|' || street"],
    'name_birth_year': ["first_name || '|' || " ~ birth_year, "last_name || '|' || " ~ birth_year],
    'name_city': ["first_name || '|' || city", "last_name || '|' || city"],
    'postcode': ["postcode"],
    'name': ["first_name", "last_name"],
    'name_letters_birth_year': [first_letters ~ " || '|' || " ~ last_letters ~ " || '|' || " ~ birth_year],
    'name_letters_city': [first_letters ~ " || '|' || " ~ last_letters ~ " || '|' || city"],
    'email_name': ["case when length(email_name) >= 5 then email_name end"],
    'email_number': ["case when length(email_number) >= 3 then email_number || '|' || substring(email_name, 1, 1) end",
        "case when length(email_number) >= 4 then email_number end"],
    'phone_end': ["case when length(phone_digits) >= 8 then substring(phone_digits, length(phone_digits) - 7) end"],
    'email_letters_domain': [
        "case when length(email_name) >= 8 then substring(email_name, 1, 6) || '@' || email_domain end",
    ],
    'street_postcode_letters': ["street || '|' || postcode || '|' || substring(first_name, 1, 1)"],
} -%}

with

records as (

    select * from {{ ref('identity_records') }}

),

identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

named_records as (

    select
        record_id,
        coalesce(first_name, email_first_name) as first_name,
        coalesce(last_name, email_last_name) as last_name,
        birth_text,
        gender,
        street,
        city,
        postcode,
        {{ dbt.split_part('email', "'@'", 1) }} as email_name,
        {{ dbt.split_part('email', "'@'", 2) }} as email_domain,
        {{ regexp_replace_all(dbt.split_part('email', "'@'", 1), '[^0-9]', '') }} as email_number,
        replace(phone, '+', '') as phone_digits

    from records

),

blocks as (

    select
        record_id,
        case when identifier_class = 'household' then 'shared_' || identifier_type else identifier_type end
            as blocking_rule,
        identifier_value as block_key

    from identifiers

    where
        identifier_class <> 'junk'
        and identifier_type in ('email', 'phone', 'national_id')

    {% for rule, keys in rules.items() -%}
        {%- for key in keys %}
            union all

            select
                record_id,
                '{{ rule }}' as blocking_rule,
                {{ key }} as block_key

            from named_records

            where {{ key }} is not null
        {% endfor -%}
    {% endfor %}

),

-- A record alone under a key is compared with nobody; a key of very many says little, and costs the most.
final as (

    select
        record_id,
        blocking_rule,
        block_key,
        count_records,
        -- One value alone says less than two together, and costs more.
        count_records > case
            when blocking_rule in ('name', 'birth_date', 'postcode', 'name_city', 'name_birth_year')
                then {{ var('identity_max_block', 100) }} / 2
            else {{ var('identity_max_block', 100) }}
        end as is_skipped

    from (
        select
            record_id,
            blocking_rule,
            block_key,
            count(*) over (partition by blocking_rule, block_key) as count_records

        from blocks
    ) as counted

    where count_records > 1

)

select * from final
