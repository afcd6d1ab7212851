with

pairs as (

    select * from {{ ref('identity_current_pairs') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

decisions as (

    select * from {{ source('cdp', 'identity_decisions') }}

),

latest_decisions as (

    select
        latest.left_record_id,
        latest.right_record_id,
        latest.decision

    from {{ latest_rows(
        'decisions', 'left_record_id, right_record_id', order_by='decided_at desc, decision_id desc'
    ) }} as latest

),

-- Two profiles are settled by an answer about any of their records.
settled_profiles as (

    select distinct
        least(left_map.profile_id, right_map.profile_id) as profile_id,
        greatest(left_map.profile_id, right_map.profile_id) as other_profile_id

    from latest_decisions

    inner join identity_map as left_map
        on latest_decisions.left_record_id = left_map.record_id

    inner join identity_map as right_map
        on latest_decisions.right_record_id = right_map.record_id

    where
        latest_decisions.decision in ('different', 'unsure')
        and left_map.profile_id <> right_map.profile_id

),

profile_sizes as (

    select
        profile_id,
        count(*) as count_records

    from identity_map

    group by profile_id

),

held_apart as (

    select
        pairs.left_record_id,
        pairs.right_record_id,
        left_map.profile_id as left_profile_id,
        right_map.profile_id as right_profile_id,
        pairs.rule,
        pairs.match_weight,
        pairs.match_probability,
        pairs.veto,
        pairs.comparisons,
        case
            when pairs.veto is not null then 'vetoed: ' || pairs.veto
            when pairs.match_probability >= {{ var('identity_auto') }}
                then 'refused: the two groups contradict each other'
            else 'the score is between review and auto'
        end as reason,
        left_sizes.count_records + right_sizes.count_records as count_records

    from pairs

    inner join identity_map as left_map
        on pairs.left_record_id = left_map.record_id

    inner join identity_map as right_map
        on pairs.right_record_id = right_map.record_id

    inner join profile_sizes as left_sizes
        on left_map.profile_id = left_sizes.profile_id

    inner join profile_sizes as right_sizes
        on right_map.profile_id = right_sizes.profile_id

    left join settled_profiles
        on
            least(left_map.profile_id, right_map.profile_id) = settled_profiles.profile_id
            and greatest(left_map.profile_id, right_map.profile_id) = settled_profiles.other_profile_id

    where
        left_map.profile_id <> right_map.profile_id
        and settled_profiles.profile_id is null

),

-- One question for two profiles, the pair that says most: its answer settles all the others.
waiting as (

    select
        *,
        row_number() over (
            partition by
                least(left_profile_id, right_profile_id),
                greatest(left_profile_id, right_profile_id)
            order by match_probability desc, left_record_id asc, right_record_id asc
        ) as strongest_first

    from held_apart

),

-- A vetoed pair is only worth a person's time where the score speaks for it.
final as (

    select
        left_record_id,
        right_record_id,
        left_profile_id,
        right_profile_id,
        reason,
        rule,
        match_weight,
        match_probability,
        comparisons,
        count_records,
        -- Records that a wrong answer would put in the wrong place, times how open the question is.
        count_records * (1 - abs(2 * match_probability - 1)) as consequence

    from waiting

    where
        strongest_first = 1
        and (
            veto is null
            or match_probability >= {{ var('identity_auto') }}
        )

)

select * from final
