{#- The keys that records are compared under; each is one idea of what one person's records have in common. -#}
{{ config(materialized='view') }}

{%- set first_letters = "substring(first_name, 1, 3)" -%}
{%- set last_letters = "substring(last_name, 1, 3)" -%}
{%- set birth_year = "substring(birth_text, 1, 4)" -%}
{%- set keys = {
    'both_names': "least(first_name, last_name) || '|' || greatest(first_name, last_name)",
    'first_name_birth_date': "first_name || '|' || birth_text",
    'last_name_birth_date': "last_name || '|' || birth_text",
    'birth_date_postcode': "birth_text || '|' || postcode",
    'birth_date_city': "birth_text || '|' || city",
    'birth_date': "birth_text",
    'first_name_postcode': "first_name || '|' || postcode",
    'last_name_postcode_initial': "last_name || '|' || postcode || '|' || substring(first_name, 1, 1)",
    'first_name_street': "first_name || '|' || street",
    'first_name_birth_year': "first_name || '|' || " ~ birth_year,
    'last_name_birth_year': "last_name || '|' || " ~ birth_year,
    'first_name_city': "first_name || '|' || city",
    'last_name_city': "last_name || '|' || city",
    'postcode': "postcode",
    'first_name': "first_name",
    'last_name': "last_name",
    'last_name_initial': "last_name || '|' || substring(first_name, 1, 1)",
    'name_letters_birth_year': first_letters ~ " || '|' || " ~ last_letters ~ " || '|' || " ~ birth_year,
    'name_letters_city': first_letters ~ " || '|' || " ~ last_letters ~ " || '|' || city",
    'email_name': "case when length(email_name) >= 5 then email_name end",
    'email_number': "case when length(email_number) >= 3 then email_number || '|' || substring(email_name, 1, 1) end",
    'email_long_number': "case when length(email_number) >= 4 then email_number end",
    'email_letters_domain': "case when length(email_name) >= 8 then substring(email_name, 1, 6) || '@' || email_domain end",
    'phone_end': "case when length(phone_digits) >= 8 then substring(phone_digits, length(phone_digits) - 7) end",
    'street_postcode_letters': "street || '|' || postcode || '|' || substring(first_name, 1, 1)",
} -%}

with

records as (

    select * from {{ ref('identity_records') }}

),

identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

linking_values as (

    select
        record_id,
        max(
            case
                when identifier_type = 'email' and identifier_class = 'personal' then identifier_value
            end
        ) as email,
        max(
            case
                when identifier_type = 'email' and identifier_class = 'household' then identifier_value
            end
        ) as shared_email,
        max(
            case
                when identifier_type = 'phone' and identifier_class = 'personal' then identifier_value
            end
        ) as phone,
        max(
            case
                when identifier_type = 'phone' and identifier_class = 'household' then identifier_value
            end
        ) as shared_phone,
        max(
            case
                when identifier_type = 'national_id' and identifier_class = 'personal' then identifier_value
            end
        ) as national_id,
        max(
            case
                when identifier_type = 'national_id' and identifier_class = 'household' then identifier_value
            end
        ) as shared_national_id

    from identifiers

    where identifier_type in ('email', 'phone', 'national_id')

    group by record_id

),

named_records as (

    select
        records.record_id,
        coalesce(records.first_name, records.email_first_name) as first_name,
        coalesce(records.last_name, records.email_last_name) as last_name,
        records.birth_text,
        records.street,
        records.city,
        records.postcode,
        {{ dbt.split_part('records.email', "'@'", 1) }} as email_name,
        {{ dbt.split_part('records.email', "'@'", 2) }} as email_domain,
        {{ regexp_replace_all(dbt.split_part('records.email', "'@'", 1), '[^0-9]', '') }} as email_number,
        replace(records.phone, '+', '') as phone_digits,
        linking_values.email,
        linking_values.shared_email,
        linking_values.phone,
        linking_values.shared_phone,
        linking_values.national_id,
        linking_values.shared_national_id

    from records

    left join linking_values
        on records.record_id = linking_values.record_id

),

final as (

    select
        record_id,
        email,
        shared_email,
        phone,
        shared_phone,
        national_id,
        shared_national_id,
        {% for name, key in keys.items() -%}
            {{ key }}{% if key != name %} as {{ name }}{% endif %}{% if not loop.last %},{% endif %}
        {% endfor %}

    from named_records

)

select * from final
