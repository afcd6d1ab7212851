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

-- The person of the record, and everyone else who would be written to at this address.
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

final as (

    select distinct
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

)

select * from final
