with

uses as (

    select * from {{ ref('identity_identifier_uses') }}

),

unlike_names as (

    select * from {{ ref('identity_unlike_names') }}

),

related_names as (

    select * from {{ ref('identity_related_names') }}

),

-- Two names with one whole birth date on a value are one person under a name that no list of nicknames has.
names_born_alike as (

    select distinct
        unlike_names.identifier_type,
        unlike_names.identifier_value,
        unlike_names.name,
        unlike_names.other_name

    from unlike_names

    inner join uses
        on
            unlike_names.identifier_type = uses.identifier_type
            and unlike_names.identifier_value = uses.identifier_value
            and unlike_names.name = uses.first_name

    inner join uses as other_uses
        on
            unlike_names.identifier_type = other_uses.identifier_type
            and unlike_names.identifier_value = other_uses.identifier_value
            and unlike_names.other_name = other_uses.first_name
            and uses.birth_date = other_uses.birth_date

),

final as (

    select
        unlike_names.identifier_type,
        unlike_names.identifier_value,
        unlike_names.name,
        unlike_names.other_name

    from unlike_names

    left join related_names
        on
            unlike_names.name = related_names.name
            and unlike_names.other_name = related_names.other_name

    left join names_born_alike
        on
            unlike_names.identifier_type = names_born_alike.identifier_type
            and unlike_names.identifier_value = names_born_alike.identifier_value
            and unlike_names.name = names_born_alike.name
            and unlike_names.other_name = names_born_alike.other_name

    where
        related_names.name is null
        and names_born_alike.name is null

)

select * from final
