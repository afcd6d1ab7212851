with

identity_identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

unified_email_events as (

    select * from {{ ref('unified_email_events') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

profiles as (

    select * from {{ ref('profiles') }}

),

profile_identifiers as (

    select * from {{ ref('profile_identifiers') }}

),

profile_consent_statements as (

    select * from {{ ref('profile_consent_statements') }}

),

refusals as (

    select
        unified_email_events.record_id,
        identity_identifiers.identifier_value as email,
        case unified_email_events.event_type
            when 'bounced' then 'hard_bounce'
            when 'complained' then 'complaint'
            else 'unsubscribe'
        end as kind,
        min(unified_email_events.occurred_at) as first_at,
        max(unified_email_events.occurred_at) as last_at

    from unified_email_events

    left join identity_identifiers
        on
            unified_email_events.record_id = identity_identifiers.record_id
            and identity_identifiers.identifier_type = 'email'

    where
        unified_email_events.event_type in ('complained', 'unsubscribed')
        or (unified_email_events.event_type = 'bounced' and unified_email_events.bounce_type = 'hard')

    group by
        unified_email_events.record_id,
        identity_identifiers.identifier_value,
        unified_email_events.event_type

),

-- The person of the record, and everybody else who would be written to at this address.
refusals_of_profiles as (

    select
        refusals.*,
        profiles.profile_id,
        profiles.email as golden_email

    from refusals

    inner join identity_map
        on refusals.record_id = identity_map.record_id

    inner join profiles
        on identity_map.profile_id = profiles.profile_id

    union all

    select
        refusals.*,
        profiles.profile_id,
        profiles.email as golden_email

    from refusals

    inner join profile_identifiers
        on
            refusals.email = profile_identifiers.identifier_value
            and profile_identifiers.identifier_type = 'email'
            and profile_identifiers.identifier_class <> 'junk'

    inner join profiles
        on profile_identifiers.profile_id = profiles.profile_id

),

grants as (

    select
        profile_id,
        subject,
        max(captured_at) as granted_at

    from profile_consent_statements

    where
        state = 'granted'
        and purpose in ('marketing_email', '*')

    group by
        profile_id,
        subject

),

-- An unsubscribe yields to a later yes from the same address or record; bounces and complaints to nothing.
email_suppressions as (

    select
        refusals_of_profiles.profile_id,
        'email' as channel,
        refusals_of_profiles.kind,
        min(
            case refusals_of_profiles.kind
                when 'unsubscribe' then refusals_of_profiles.last_at
                else refusals_of_profiles.first_at
            end
        ) as since

    from refusals_of_profiles

    left join grants as grants_by_address
        on
            refusals_of_profiles.profile_id = grants_by_address.profile_id
            and refusals_of_profiles.email = grants_by_address.subject

    left join grants as grants_by_record
        on
            refusals_of_profiles.profile_id = grants_by_record.profile_id
            and refusals_of_profiles.record_id = grants_by_record.subject

    where
        case refusals_of_profiles.kind
            -- A dead mailbox stops only those whose mail would go there.
            when 'hard_bounce'
                then coalesce(refusals_of_profiles.golden_email = refusals_of_profiles.email, true)
            when 'unsubscribe'
                then
                    refusals_of_profiles.last_at >= coalesce(grants_by_address.granted_at, refusals_of_profiles.last_at)
                    and refusals_of_profiles.last_at
                    >= coalesce(grants_by_record.granted_at, refusals_of_profiles.last_at)
            else true
        end

    group by
        refusals_of_profiles.profile_id,
        refusals_of_profiles.kind

),

ads_suppressions as (

    select
        profile_id,
        'ads' as channel,
        'gpc' as kind,
        min(captured_at) as since

    from profile_consent_statements

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
