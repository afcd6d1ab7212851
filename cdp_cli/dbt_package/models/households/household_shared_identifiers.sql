with

identity_identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

identifiers_of_profiles as (

    select distinct
        identity_map.profile_id,
        identity_identifiers.identifier_type,
        identity_identifiers.identifier_value

    from identity_identifiers

    inner join identity_map
        on identity_identifiers.record_id = identity_map.record_id

    where identity_identifiers.identifier_class <> 'junk'

),

-- A value that one person alone uses ties nobody.
shared_values as (

    select
        identifier_type,
        identifier_value

    from identifiers_of_profiles

    group by
        identifier_type,
        identifier_value

    having count(*) > 1

),

final as (

    select
        identifiers_of_profiles.profile_id,
        identifiers_of_profiles.identifier_type,
        identifiers_of_profiles.identifier_value

    from identifiers_of_profiles

    inner join shared_values
        on
            identifiers_of_profiles.identifier_type = shared_values.identifier_type
            and identifiers_of_profiles.identifier_value = shared_values.identifier_value

)

select * from final
