{{ config(materialized='view') }}

with

pairs as (

    select * from {{ ref('identity_pairs') }}

),

record_log as (

    select * from {{ ref('identity_record_log') }}

),

latest_score as (

    select max(scored_at) as scored_at from pairs

),

-- The version in force is the one scored last: a new one scores all pairs again.
version_in_force as (

    select distinct pairs.version

    from pairs

    inner join latest_score
        on pairs.scored_at = latest_score.scored_at

),

record_changes as (

    select
        record_id,
        max(seen_at) as changed_at

    from record_log

    group by record_id

),

-- A pair holds while neither record changed after it was scored; a record that is gone has changed.
in_force as (

    select pairs.*

    from pairs

    inner join version_in_force
        on pairs.version = version_in_force.version

    inner join record_changes as left_changes
        on
            pairs.left_record_id = left_changes.record_id
            and pairs.scored_at >= left_changes.changed_at

    inner join record_changes as right_changes
        on
            pairs.right_record_id = right_changes.record_id
            and pairs.scored_at >= right_changes.changed_at

)

select * from in_force
