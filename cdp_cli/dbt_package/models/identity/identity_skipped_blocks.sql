{{ config(materialized='view') }}

with

blocks as (

    select * from {{ ref('identity_blocks') }}

),

skipped as (

    select distinct
        blocking_rule,
        block_key,
        count_records

    from blocks

    where is_skipped

)

select * from skipped
