-- A table, because to read an address or a number costs more than all else about a statement, and the same ones
-- speak again and again. What spoke since the build is read where it is met: see stg_consent__events.
{{ config(materialized='table') }}

with

source as (

    select * from {{ source('consent', 'events') }}

),

addresses as (

    select
        subject_type,
        subject,
        max(_loaded_at) as loaded_at

    from source

    where subject_type in ('email', 'phone')

    group by
        subject_type,
        subject

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
