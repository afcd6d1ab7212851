with

identity_identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

unified_email_events as (

    select * from {{ ref('unified_email_events') }}

),

profiles as (

    select * from {{ ref('profiles') }}

),

profile_consent_holders as (

    select * from {{ ref('profile_consent_holders') }}

),

-- Read three times on purpose: each reads only what it is about.
statements_about_email as (

    select * from {{ ref('profile_consent_statements') }}

),

statements_about_all as (

    select * from {{ ref('profile_consent_statements') }}

),

signals as (

    select * from {{ ref('profile_consent_statements') }}

),

refusals_of_records as (

    select
        record_id,
        case event_type
            when 'bounced' then 'hard_bounce'
            when 'complained' then 'complaint'
            else 'unsubscribe'
        end as kind,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at

    from unified_email_events

    where
        event_type in ('complained', 'unsubscribed')
        or (event_type = 'bounced' and bounce_type = 'hard')

    group by
        record_id,
        event_type

),

refusals as (

    select
        refusals_of_records.*,
        identity_identifiers.identifier_value as email

    from refusals_of_records

    left join identity_identifiers
        on
            refusals_of_records.record_id = identity_identifiers.record_id
            and identity_identifiers.identifier_type = 'email'

),

-- The person of the record, and everybody else who would be written to at this address.
refusals_by_subject as (

    select
        *,
        'record' as subject_type,
        record_id as subject

    from refusals

    union all

    select
        *,
        'email' as subject_type,
        email as subject

    from refusals

),

refusals_of_profiles as (

    select
        refusals_by_subject.record_id,
        refusals_by_subject.email,
        refusals_by_subject.kind,
        refusals_by_subject.first_at,
        refusals_by_subject.last_at,
        profiles.profile_id,
        profiles.email as golden_email

    from refusals_by_subject

    inner join profile_consent_holders
        on
            refusals_by_subject.subject_type = profile_consent_holders.subject_type
            and refusals_by_subject.subject = profile_consent_holders.subject

    inner join profiles
        on profile_consent_holders.profile_id = profiles.profile_id

),

grants_of_subjects as (

    select
        profile_id,
        subject,
        captured_at

    from statements_about_email

    where
        purpose = 'marketing_email'
        and state = 'granted'

    union all

    select
        profile_id,
        subject,
        captured_at

    from statements_about_all

    where
        purpose = '*'
        and state = 'granted'

),

grants as (

    select
        profile_id,
        subject,
        max(captured_at) as granted_at

    from grants_of_subjects

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
