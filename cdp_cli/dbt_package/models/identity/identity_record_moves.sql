with

assignments as (

    select * from {{ ref('identity_assignments') }}

),

final as (

    select
        record_id,
        profile_id,
        lag(profile_id) over (
            partition by record_id
            order by assigned_at
        ) as earlier_id,
        run_id,
        assigned_at,
        reason,
        linked_record_id,
        linked_by,
        linked_probability

    from assignments

)

select * from final
