-- A table, because to read an address or a number costs more than all else about a statement, and the same ones
-- speak again and again. What spoke since the build is read where it is met: see stg_consent__events.
{{ config(materialized='table') }}

with

source as (

    select * from {{ source('consent', 'events') }}

),

typed as (

    select
        {{ cdp.consent_subject_type('subject_type') }} as subject_type,
        subject,
        _loaded_at

    from source

),

readings as (

    select 'email' as subject_type

    union all

    select 'phone' as subject_type

),

-- A subject of an unknown type can be either.
addresses as (

    select
        readings.subject_type,
        typed.subject,
        max(typed._loaded_at) as loaded_at

    from typed

    inner join readings
        on coalesce(typed.subject_type, readings.subject_type) = readings.subject_type

    group by
        readings.subject_type,
        typed.subject

),

emails as (

    select
        subject_type,
        subject,
        {{ cdp.normalize_email('subject') }} as email,
        cast(null as {{ dbt.type_string() }}) as phone,
        cast(null as {{ dbt.type_string() }}) as national_phone,
        loaded_at

    from addresses

    where subject_type = 'email'

),

phones as (

    select
        subject_type,
        subject,
        cast(null as {{ dbt.type_string() }}) as email,
        {{ cdp.normalize_phone('subject') }} as phone,
        {{ cdp.national_digits('subject') }} as national_phone,
        loaded_at

    from addresses

    where subject_type = 'phone'

),

unioned as (

    select * from emails

    union all

    select * from phones

)

select * from unioned
