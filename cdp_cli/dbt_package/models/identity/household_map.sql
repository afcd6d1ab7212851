{{ config(materialized='view') }}

with

assignments as (

    select * from {{ ref('household_assignments') }}

),

latest as (

    select
        profile_id,
        household_id,
        row_number() over (
            partition by profile_id
            order by assigned_at desc
        ) as newest_first

    from assignments

),

present as (

    select
        profile_id,
        household_id

    from latest

    where
        newest_first = 1
        and household_id is not null

)

select * from present
