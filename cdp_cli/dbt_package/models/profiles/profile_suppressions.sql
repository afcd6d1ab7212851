with

refusals as (

    select * from {{ ref('profile_email_refusals') }}

),

grants as (

    select * from {{ ref('profile_email_grants') }}

),

signals as (

    select * from {{ ref('profile_consent_statements') }}

),

-- An unsubscribe yields to a later yes from the same address or record; bounces and complaints to nothing.
email_suppressions as (

    select
        refusals.profile_id,
        'email' as channel,
        refusals.kind,
        min(
            case refusals.kind
                when 'unsubscribe' then refusals.last_at
                else refusals.first_at
            end
        ) as since

    from refusals

    left join grants as grants_by_address
        on
            refusals.profile_id = grants_by_address.profile_id
            and refusals.email = grants_by_address.subject

    left join grants as grants_by_record
        on
            refusals.profile_id = grants_by_record.profile_id
            and refusals.record_id = grants_by_record.subject

    where
        case refusals.kind
            -- A dead mailbox stops only those whose mail would go there.
            when 'hard_bounce'
                then coalesce(refusals.golden_email = refusals.email, true)
            when 'unsubscribe'
                then
                    refusals.last_at >= coalesce(grants_by_address.granted_at, refusals.last_at)
                    and refusals.last_at
                    >= coalesce(grants_by_record.granted_at, refusals.last_at)
            else true
        end

    group by
        refusals.profile_id,
        refusals.kind

),

ads_suppressions as (

    select
        profile_id,
        'ads' as channel,
        'gpc' as kind,
        min(captured_at) as since

    from signals

    where is_gpc

    group by profile_id

),

final as (

    select
        profile_id,
        channel,
        kind,
        since

    from email_suppressions

    union all

    select
        profile_id,
        channel,
        kind,
        since

    from ads_suppressions

)

select * from final
