with

value_people as (

    select * from {{ ref('identity_value_people') }}

),

household_values as (

    select * from {{ ref('identity_household_values') }}

),

identifier_types as (

    select * from {{ ref('identifier_types') }}

),

blocked_values as (

    select * from {{ ref('blocked_values') }}

),

reasons as (

    select
        value_people.*,
        case
            when blocked_values.reason is not null then 'blocked: ' || blocked_values.reason
            when blocked_email_names.reason is not null then 'blocked: ' || blocked_email_names.reason
            when {{ is_malformed_identifier('value_people.identifier_type', 'value_people.identifier_value') }}
                then 'malformed'
            when value_people.count_records > identifier_types.max_records then 'over max_records'
            when value_people.count_people > identifier_types.max_household then 'over max_household'
        end as junk_reason,
        case
            when value_people.count_people > identifier_types.max_profiles_per_value
                then 'over max_profiles_per_value'
            when value_people.count_user_ids > identifier_types.max_user_ids then 'over max_user_ids'
            else household_values.reason
        end as household_reason

    from value_people

    inner join identifier_types
        on value_people.identifier_type = identifier_types.identifier_type

    left join household_values
        on
            value_people.identifier_type = household_values.identifier_type
            and value_people.identifier_value = household_values.identifier_value

    left join blocked_values
        on
            value_people.identifier_type = blocked_values.column_name
            and replace(value_people.identifier_value, '+', '') = blocked_values.value

    left join blocked_values as blocked_email_names
        on
            value_people.identifier_type = 'email'
            and blocked_email_names.column_name = 'email_name'
            and {{ dbt.split_part('value_people.identifier_value', "'@'", 1) }} = blocked_email_names.value

),

final as (

    select
        identifier_type,
        identifier_value,
        case
            when junk_reason is not null then 'junk'
            when household_reason is not null then 'household'
            else 'personal'
        end as identifier_class,
        coalesce(junk_reason, household_reason) as demoted_reason,
        count_records,
        count_sources,
        count_first_names,
        count_birth_dates,
        count_user_ids,
        count_people

    from reasons

)

select * from final
