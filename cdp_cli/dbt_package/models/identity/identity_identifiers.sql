with

uses as (

    select * from {{ ref('identity_identifier_uses') }}

),

value_classes as (

    select * from {{ ref('identity_value_classes') }}

),

final as (

    select
        uses.record_id,
        uses.source,
        uses.identifier_type,
        uses.identifier_value,
        value_classes.identifier_class,
        value_classes.demoted_reason,
        value_classes.count_records,
        value_classes.count_sources,
        value_classes.count_first_names,
        value_classes.count_birth_dates,
        value_classes.count_user_ids,
        value_classes.count_people

    from uses

    inner join value_classes
        on
            uses.identifier_type = value_classes.identifier_type
            and uses.identifier_value = value_classes.identifier_value

)

select * from final
