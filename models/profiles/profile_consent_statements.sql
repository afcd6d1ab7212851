with

unified_consent_events as (

    select * from {{ ref('unified_consent_events') }}

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

-- Fails closed: a word that we do not know is a no, and a statement without a time is as late as its load.
statements as (

    select
        consent_event_id,
        source,
        record_id,
        legal_basis,
        case
            when record_id is not null then 'record'
            when email is not null then 'email'
            when phone is not null then 'phone'
        end as subject_type,
        coalesce(record_id, email, phone) as subject,
        case when lower(trim(state)) = 'gpc' then 'advertising' else lower(trim(purpose)) end as purpose,
        case when lower(trim(state)) in ('granted', 'withdrawn') then lower(trim(state)) else 'denied' end as state,
        coalesce(lower(trim(state)) = 'gpc', false) as is_gpc,
        coalesce(captured_at, loaded_at) as captured_at

    from unified_consent_events

),

-- A yes from the future is a wrong clock, and would beat every later no.
plausible_statements as (

    select *

    from statements

    where
        subject is not null
        and (
            state <> 'granted'
            or captured_at <= {{ dbt.dateadd('day', 1, run_started_at_utc()) }}
        )

),

holders as (

    select
        'record' as subject_type,
        identity_map.record_id as subject,
        identity_map.profile_id,
        'personal' as identifier_class,
        1 as count_holders

    from identity_map

    inner join profiles
        on identity_map.profile_id = profiles.profile_id

    union all

    select
        identifier_type as subject_type,
        identifier_value as subject,
        profile_id,
        identifier_class,
        count(*) over (partition by identifier_type, identifier_value) as count_holders

    from profile_identifiers

    where
        identifier_type in ('email', 'phone')
        and identifier_class <> 'junk'

),

-- A no reaches everybody who holds the address; a yes only where it is clear whose yes it is.
final as (

    select
        holders.profile_id,
        plausible_statements.consent_event_id,
        plausible_statements.subject_type,
        plausible_statements.subject,
        plausible_statements.purpose,
        plausible_statements.state,
        plausible_statements.is_gpc,
        plausible_statements.state <> 'granted'
        or holders.identifier_class = 'personal'
        or holders.count_holders = 1 as counts,
        plausible_statements.legal_basis,
        plausible_statements.source,
        plausible_statements.record_id,
        plausible_statements.captured_at

    from plausible_statements

    inner join holders
        on
            plausible_statements.subject_type = holders.subject_type
            and plausible_statements.subject = holders.subject

)

select * from final
