{{ config(materialized='view') }}

with

assignments as (

    select * from {{ ref('household_assignments') }}

),

present as (

    select
        latest.profile_id,
        latest.household_id

    from {{ latest_rows('assignments', 'profile_id', order_by='assigned_at desc') }} as latest

    where latest.household_id is not null

)

select * from present
