with

uses as (

    select * from {{ ref('identity_identifier_uses') }}

),

-- A first name that is another record's surname on the same value was written the wrong way round.
names as (

    select
        uses.identifier_type,
        uses.identifier_value,
        uses.first_name as name

    from uses

    left join uses as surnames
        on
            uses.identifier_type = surnames.identifier_type
            and uses.identifier_value = surnames.identifier_value
            and uses.first_name = surnames.last_name

    where
        uses.first_name is not null
        and surnames.record_id is null

    group by
        uses.identifier_type,
        uses.identifier_value,
        uses.first_name

),

counted as (

    select
        identifier_type,
        identifier_value,
        name,
        count(*) over (partition by identifier_type, identifier_value) as count_names

    from names

),

final as (

    select * from counted

    where count_names > 1

)

select * from final
