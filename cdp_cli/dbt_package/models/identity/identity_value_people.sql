with

uses as (

    select * from {{ ref('identity_identifier_uses') }}

),

value_names as (

    select * from {{ ref('identity_value_names') }}

),

contradicting_names as (

    select * from {{ ref('identity_contradicting_names') }}

),

statistics as (

    select
        identifier_type,
        identifier_value,
        count(distinct record_id) as count_records,
        count(distinct source) as count_sources,
        count(distinct first_name) as count_first_names,
        count(distinct birth_date) as count_birth_dates,
        count(distinct user_id) as count_user_ids,
        cast(substring(max(birth_date), 1, 4) as integer)
        - cast(substring(min(birth_date), 1, 4) as integer) as birth_years_apart

    from uses

    group by
        identifier_type,
        identifier_value

),

crowded_values as (

    select distinct
        identifier_type,
        identifier_value,
        count_names

    from value_names

    where count_names > {{ names_compared_limit() }}

),

contradicting_initials as (

    select
        identifier_type,
        identifier_value,
        count(distinct substring(name, 1, 1)) as count_initials

    from contradicting_names

    group by
        identifier_type,
        identifier_value

),

final as (

    select
        statistics.identifier_type,
        statistics.identifier_value,
        statistics.count_records,
        statistics.count_sources,
        statistics.count_first_names,
        statistics.count_birth_dates,
        statistics.count_user_ids,
        case
            when crowded_values.count_names is not null then crowded_values.count_names
            -- Names that contradict and share their initial are two people at least.
            when contradicting_initials.count_initials is not null
                then greatest(contradicting_initials.count_initials, 2)
            -- A parent and a child of one name are some twenty years apart, a slip of the pen is not.
            when statistics.birth_years_apart >= 15 then 2
            else 1
        end as count_people

    from statistics

    left join crowded_values
        on
            statistics.identifier_type = crowded_values.identifier_type
            and statistics.identifier_value = crowded_values.identifier_value

    left join contradicting_initials
        on
            statistics.identifier_type = contradicting_initials.identifier_type
            and statistics.identifier_value = contradicting_initials.identifier_value

)

select * from final
