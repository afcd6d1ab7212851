with

identity_map as (

    select * from {{ ref('identity_map') }}

),

profiles as (

    select * from {{ ref('profiles') }}

),

unified_people as (

    select * from {{ ref('unified_people') }}

),

profile_identifiers as (

    select * from {{ ref('profile_identifiers') }}

),

national_numbers as (

    select * from {{ ref('profile_dialled_numbers') }}

),

records as (

    select
        identity_map.record_id,
        profiles.profile_id

    from identity_map

    inner join profiles
        on identity_map.profile_id = profiles.profile_id

),

-- On a device of several people each of them has a record `<prefix>:<device>:<person>` beside the device's own.
records_of_devices as (

    select
        records.profile_id,
        unified_people.record_id,
        {{ dbt.split_part('unified_people.record_id', "':'", 1) }} || ':' || unified_people.anonymous_id as device_id

    from unified_people

    inner join records
        on unified_people.record_id = records.record_id

    where unified_people.anonymous_id is not null

),

addresses as (

    select
        profile_id,
        identifier_type,
        identifier_value,
        identifier_class,
        count(*) over (partition by identifier_type, identifier_value) as count_holders

    from profile_identifiers

    where
        identifier_type in ('email', 'phone')
        and identifier_class <> 'junk'

),

subjects as (

    select
        'record' as subject_type,
        record_id as subject,
        profile_id,
        cast(null as {{ dbt.type_string() }}) as known_as,
        true as yes_counts

    from records

    union all

    select
        'record' as subject_type,
        device_id as subject,
        profile_id,
        cast(null as {{ dbt.type_string() }}) as known_as,
        false as yes_counts

    from records_of_devices

    where substring(record_id, 1, length(device_id) + 1) = device_id || ':'

    union all

    select
        identifier_type as subject_type,
        identifier_value as subject,
        profile_id,
        cast(null as {{ dbt.type_string() }}) as known_as,
        identifier_class = 'personal' or count_holders = 1 as yes_counts

    from addresses

    union all

    select
        'national_phone' as subject_type,
        digits as subject,
        profile_id,
        phone as known_as,
        count(*) over (partition by digits) = 1 as yes_counts

    from national_numbers

),

-- One person can be both the device and somebody on it.
final as (

    select
        subject_type,
        subject,
        profile_id,
        known_as,
        max(case when yes_counts then 1 else 0 end) = 1 as yes_counts

    from subjects

    group by
        subject_type,
        subject,
        profile_id,
        known_as

)

select * from final
