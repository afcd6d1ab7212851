-- A table, because every reading of the events asks it, and only two columns of them must be read to make it.
{{ config(materialized='table') }}

with

source as (

    select * from {{ source('web', 'events') }}

),

shared as (

    select
        anonymous_id,
        max(_loaded_at) as loaded_at

    from source

    where user_id is not null

    group by anonymous_id

    having min(user_id) <> max(user_id)

)

select * from shared
