{{ config(materialized='view') }}

with

assignments as (

    select * from {{ ref('identity_assignments') }}

),

present as (

    select
        latest.record_id,
        latest.profile_id

    from {{ latest_rows('assignments', 'record_id', order_by='assigned_at desc') }} as latest

    where latest.profile_id is not null

)

select * from present
