{{ config(materialized='view') }}

with

assignments as (

    select * from {{ ref('identity_assignments') }}

),

latest as (

    select
        record_id,
        profile_id,
        row_number() over (
            partition by record_id
            order by assigned_at desc
        ) as newest_first

    from assignments

),

present as (

    select
        record_id,
        profile_id

    from latest

    where
        newest_first = 1
        and profile_id is not null

)

select * from present
