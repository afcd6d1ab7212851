-- A table, because grouping all events is too much to do anew for every reader.
{{ config(materialized='table') }}

with

events as (

    select * from {{ ref('stg_web__events') }}

),

grouped as (

    select

        record_id,
        max(anonymous_id) as anonymous_id,
        max(user_id) as user_id,
        {{ cdp.value_at_last('traits_email', 'occurred_at') }} as traits_email,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(loaded_at) as loaded_at

    from events

    group by record_id

),

visitors as (

    select

        ---------- ids
        record_id,
        anonymous_id,
        user_id,

        ---------- person
        {{ cdp.normalize_email('traits_email') }} as email,

        ---------- timestamps
        created_at,
        updated_at,
        loaded_at

    from grouped

)

select * from visitors
