with

unified_people as (

    select * from {{ ref('unified_people') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

identity_identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

profiles as (

    select * from {{ ref('profiles') }}

),

records as (

    select
        unified_people.record_id,
        profiles.profile_id,
        coalesce(unified_people.created_at, unified_people.updated_at, unified_people.loaded_at) as first_seen_at,
        coalesce(unified_people.updated_at, unified_people.created_at, unified_people.loaded_at) as last_seen_at

    from unified_people

    inner join identity_map
        on unified_people.record_id = identity_map.record_id

    inner join profiles
        on identity_map.profile_id = profiles.profile_id

),

-- A value has one class; were it to have two, the more careful one holds.
identifiers_by_source as (

    select
        records.profile_id,
        identity_identifiers.identifier_type,
        identity_identifiers.identifier_value,
        identity_identifiers.source,
        max(case identity_identifiers.identifier_class when 'junk' then 2 when 'household' then 1 else 0 end)
            as caution,
        count(distinct identity_identifiers.record_id) as count_records,
        min(records.first_seen_at) as first_seen_at,
        max(records.last_seen_at) as last_seen_at

    from identity_identifiers

    inner join records
        on identity_identifiers.record_id = records.record_id

    group by
        records.profile_id,
        identity_identifiers.identifier_type,
        identity_identifiers.identifier_value,
        identity_identifiers.source

),

final as (

    select
        profile_id,
        identifier_type,
        identifier_value,
        case max(caution) when 2 then 'junk' when 1 then 'household' else 'personal' end as identifier_class,
        {{ dbt.listagg('source', "', '", 'order by source') }} as sources,
        cast(sum(count_records) as {{ dbt.type_bigint() }}) as count_records,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at

    from identifiers_by_source

    group by
        profile_id,
        identifier_type,
        identifier_value

)

select * from final
