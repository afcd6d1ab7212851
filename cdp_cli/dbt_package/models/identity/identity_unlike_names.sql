with

value_names as (

    select * from {{ ref('identity_value_names') }}

),

-- A value with very many names needs no closer look: its names are counted as they are.
comparable_names as (

    select * from value_names

    where count_names <= {{ names_compared_limit() }}

),

final as (

    select
        names.identifier_type,
        names.identifier_value,
        names.name,
        other_names.name as other_name

    from comparable_names as names

    inner join comparable_names as other_names
        on
            names.identifier_type = other_names.identifier_type
            and names.identifier_value = other_names.identifier_value
            and names.name <> other_names.name

    where {{ names_contradict('names.name', 'other_names.name') }}

)

select * from final
