{#- A record alone under a key is compared with nobody; a key of very many says little, and costs the most. -#}
{{ config(materialized='view') }}

with

keys as (

    select * from {{ ref('identity_keys') }}

),

caps as (

    select * from {{ ref('identity_caps') }}

),

keys_of_records as (

    select
        record_id,
        blocking_rule,
        block_key

    from keys

    unpivot (
        block_key for blocking_rule in (
            email,
            shared_email,
            phone,
            shared_phone,
            national_id,
            shared_national_id,
            both_names,
            first_name_birth_date,
            last_name_birth_date,
            birth_date_postcode,
            birth_date_city,
            birth_date,
            first_name_postcode,
            last_name_postcode_initial,
            first_name_street,
            first_name_birth_year,
            last_name_birth_year,
            first_name_city,
            last_name_city,
            postcode,
            first_name,
            last_name,
            last_name_initial,
            name_letters_birth_year,
            name_letters_city,
            email_name,
            email_number,
            email_long_number,
            email_letters_domain,
            phone_end,
            street_postcode_letters
        )
    )

),

counted as (

    select
        record_id,
        blocking_rule,
        block_key,
        count(*) over (partition by blocking_rule, block_key) as count_records

    from keys_of_records

),

final as (

    select
        counted.record_id,
        counted.blocking_rule,
        counted.block_key,
        counted.count_records,
        counted.count_records > caps.max_records as is_skipped

    from counted

    inner join caps
        on counted.blocking_rule = caps.blocking_rule

    where counted.count_records > 1

)

select * from final
