{#- What linking reads of a record. A change in any of them makes it a changed record. -#}
{%- set compared = [
    'source', 'first_name', 'last_name', 'all_names', 'birth_date', 'birth_text', 'gender', 'email', 'phone',
    'street', 'city', 'postcode', 'user_id', 'loyalty_id', 'national_id', 'anonymous_id',
] -%}

with

people as (

    select * from {{ ref('unified_people') }}

),

blocked_values as (

    select * from {{ ref('blocked_values') }}

),

normalised as (

    select
        record_id,
        source,
        coalesce(one_record_per_person, false) as one_record_per_person,
        {{ identity_name('first_name') }} as given_names,
        {{ identity_name('last_name') }} as family_name,
        {{ identity_name(
            "case when full_name like '%,%' then "
            ~ dbt.split_part('full_name', "','", 2) ~ " || ' ' || " ~ dbt.split_part('full_name', "','", 1)
            ~ " else full_name end"
        ) }} as whole_name,
        nullif(trim(cast(birth_date as {{ dbt.type_string() }})), '') as birth_text,
        nullif(lower(trim(gender)), '') as gender,
        nullif(lower(trim(email)), '') as email,
        nullif({{ regexp_replace_all('phone', '[^0-9+]+', '') }}, '') as phone,
        {{ identity_text('street_address') }} as street,
        {{ identity_text('city') }} as city,
        nullif(replace({{ identity_text('postcode') }}, ' ', ''), '') as postcode,
        nullif(trim(cast(user_id as {{ dbt.type_string() }})), '') as user_id,
        nullif(trim(cast(loyalty_id as {{ dbt.type_string() }})), '') as loyalty_id,
        nullif(
            lower({{ regexp_replace_all('cast(national_id as ' ~ dbt.type_string() ~ ')', '[^0-9A-Za-z]+', '') }}), ''
        ) as national_id,
        nullif(trim(cast(anonymous_id as {{ dbt.type_string() }})), '') as anonymous_id

    from people

),

split_names as (

    select
        *,
        coalesce(
            given_names,
            case
                when {{ dbt.split_part('whole_name', "' '", 1) }} <> coalesce(family_name, '')
                    then {{ dbt.split_part('whole_name', "' '", 1) }}
            end
        ) as any_first_name,
        coalesce(
            family_name,
            case when whole_name like '% %' then {{ dbt.split_part('whole_name', "' '", -1) }} end
        ) as any_last_name,
        case
            when {{ regexp_like('birth_text', '^[0-9]{4}-[0-9]{2}-[0-9]{2}') }}
                then substring(birth_text, 1, 10)
        end as whole_birth_date

    from normalised

),

without_blocked_values as (

    select
        split_names.*,
        case when blocked_first.value is null then split_names.any_first_name end as first_name,
        case when blocked_last.value is null then split_names.any_last_name end as last_name,
        case
            when blocked_birth.value is null
                then cast({{ try_cast('split_names.whole_birth_date', 'date') }} as {{ dbt.type_string() }})
        end as birth_date,
        blocked_birth.value is not null as birth_is_blocked

    from split_names

    left join blocked_values as blocked_first
        on
            split_names.any_first_name = blocked_first.value
            and blocked_first.column_name = 'name'

    left join blocked_values as blocked_last
        on
            split_names.any_last_name = blocked_last.value
            and blocked_last.column_name = 'name'

    left join blocked_values as blocked_birth
        on
            split_names.whole_birth_date = blocked_birth.value
            and blocked_birth.column_name = 'birth_date'

),

records as (

    select
        record_id,
        source,
        one_record_per_person,
        nullif(first_name, '') as first_name,
        nullif(last_name, '') as last_name,
        case
            when first_name is null and last_name is null then null
            else coalesce(whole_name, trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))
        end as all_names,
        birth_date,
        case when not birth_is_blocked then birth_text end as birth_text,
        gender,
        email,
        phone,
        street,
        city,
        postcode,
        user_id,
        loyalty_id,
        national_id,
        anonymous_id

    from without_blocked_values

),

final as (

    select
        *,
        md5(
            case when one_record_per_person then '1' else '0' end
            {%- for column in compared %}
            || '|' || coalesce({{ column }}, '~')
            {%- endfor %}
        ) as record_hash

    from records

)

select * from final
