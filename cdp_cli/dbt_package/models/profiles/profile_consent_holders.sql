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

country_codes as (

    select * from {{ ref('country_codes') }}

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

numbers as (

    select
        addresses.profile_id,
        addresses.identifier_value as phone,
        country_codes.calling_code,
        country_codes.trunk_prefix,
        {{ regexp_remove('addresses.identifier_value', '^[+]') }} as digits

    from addresses

    left join country_codes
        on {{ regexp_first('addresses.identifier_value', '^[+]' ~ calling_code_pattern()) }} = country_codes.code

    where addresses.identifier_type = 'phone'

),

-- A number may be dialled without its country's code, with what is put before it at home, or with the code
-- and no plus. A number whose country we do not know is dialled as it stands.
dialled_numbers as (

    select
        profile_id,
        phone,
        digits

    from numbers

    union all

    select
        profile_id,
        phone,
        substring(digits, 1 + length(calling_code)) as digits

    from numbers

    where calling_code is not null

    union all

    select
        profile_id,
        phone,
        trunk_prefix || substring(digits, 1 + length(calling_code)) as digits

    from numbers

    where trunk_prefix is not null

),

national_numbers as (

    select
        {{ regexp_remove('digits', '^0+') }} as digits,
        profile_id,
        min(phone) as phone

    from dialled_numbers

    group by
        {{ regexp_remove('digits', '^0+') }},
        profile_id

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
