{{ config(materialized='view') }}

with

refusals as (

    select * from {{ source('cdp', 'identity_refusals') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

newest_first as (

    select
        *,
        row_number() over (
            partition by left_record_id, right_record_id
            order by refused_at desc, run_id desc
        ) as place

    from refusals

),

final as (

    select
        newest_first.run_id,
        newest_first.refused_at,
        newest_first.left_record_id,
        newest_first.right_record_id,
        newest_first.match_probability,
        newest_first.refused_by,
        newest_first.constraint_name,
        newest_first.left_evidence_id,
        newest_first.right_evidence_id,
        newest_first.observed,
        newest_first.allowed,
        newest_first.left_profile_id,
        newest_first.right_profile_id,
        left_map.profile_id as left_profile_now,
        right_map.profile_id as right_profile_now,
        newest_first.place = 1
        and coalesce(left_map.profile_id <> right_map.profile_id, false) as is_latest

    from newest_first

    left join identity_map as left_map
        on newest_first.left_record_id = left_map.record_id

    left join identity_map as right_map
        on newest_first.right_record_id = right_map.record_id

)

select * from final
