{#- A record alone under a key is compared with nobody; a key of very many says little, and costs the most. -#}
{{ config(materialized='view') }}

with

caps as (

    select * from {{ ref('identity_caps') }}

),

keys_of_records as (

    select
        keys.record_id,
        keys.blocking_rule,
        keys.block_key

    from {{ unpivot(ref('identity_keys'), 'record_id', 'blocking_rule', 'block_key') }} as keys

),

counted as (

    select
        record_id,
        blocking_rule,
        block_key,
        count(*) over (partition by blocking_rule, block_key) as count_records

    from keys_of_records

),

final as (

    select
        counted.record_id,
        counted.blocking_rule,
        counted.block_key,
        counted.count_records,
        counted.count_records > caps.max_records as is_skipped

    from counted

    inner join caps
        on counted.blocking_rule = caps.blocking_rule

    where counted.count_records > 1

)

select * from final
