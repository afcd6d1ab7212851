with

unified_consent_events as (

    select * from {{ ref('unified_consent_events') }}

),

purposes as (

    select * from {{ ref('purposes') }}

),

profile_consent_holders as (

    select * from {{ ref('profile_consent_holders') }}

),

-- A number without its country stands for that number in every country, wherever it was typed.
read_numbers as (

    select
        consent_event_id,
        source,
        record_id,
        email,
        phone,
        case
            when national_phone is not null then national_phone
            when phone not like '+%' then {{ regexp_remove('phone', '^0+') }}
        end as national_phone,
        purpose,
        state,
        legal_basis,
        captured_at,
        loaded_at

    from unified_consent_events

),

-- Fails closed: a word that we do not know is a no, and a statement without a time is as late as its load.
read_events as (

    select
        consent_event_id,
        source,
        record_id,
        email,
        phone,
        national_phone,
        legal_basis,
        lower(trim(purpose)) as purpose,
        case when lower(trim(state)) in ('granted', 'withdrawn', 'denied') then lower(trim(state)) end as known_state,
        coalesce(lower(trim(state)) = 'gpc', false) as is_gpc,
        coalesce(captured_at, loaded_at) as captured_at

    from read_numbers

),

-- A withdrawal of what we cannot read withdraws everything. A denial does so only if it names no purpose at all,
-- because a banner also asks about purposes that are not ours.
understood_events as (

    select
        read_events.consent_event_id,
        read_events.source,
        read_events.record_id,
        read_events.email,
        read_events.phone,
        read_events.national_phone,
        read_events.legal_basis,
        case
            when read_events.is_gpc then 'advertising'
            when read_events.known_state = 'granted' or purposes.purpose is not null then read_events.purpose
            when read_events.known_state = 'denied' and read_events.purpose <> '' then read_events.purpose
            else '*'
        end as purpose,
        coalesce(read_events.known_state, 'denied') as state,
        read_events.is_gpc,
        read_events.captured_at

    from read_events

    left join purposes
        on read_events.purpose = purposes.purpose

),

-- A no speaks for every subject that it names, a yes for the first.
statements as (

    select
        'record' as subject_type,
        understood_events.record_id as subject,
        understood_events.*

    from understood_events

    where understood_events.record_id is not null

    union all

    select
        'email' as subject_type,
        understood_events.email as subject,
        understood_events.*

    from understood_events

    where
        understood_events.email is not null
        and (understood_events.state <> 'granted' or understood_events.record_id is null)

    union all

    select
        case
            when understood_events.national_phone is null then 'phone'
            else 'national_phone'
        end as subject_type,
        coalesce(understood_events.national_phone, understood_events.phone) as subject,
        understood_events.*

    from understood_events

    where
        coalesce(understood_events.national_phone, understood_events.phone) is not null
        and (
            understood_events.state <> 'granted'
            or (understood_events.record_id is null and understood_events.email is null)
        )

),

-- A yes dated in the future waits until then: it would beat every no before it. A no counts at once.
plausible_statements as (

    select *

    from statements

    where
        state <> 'granted'
        or captured_at <= {{ as_of_utc() }}

),

-- A no reaches everybody who holds the address; a yes only where it is clear whose yes it is.
final as (

    select
        holders.profile_id,
        plausible_statements.consent_event_id,
        case plausible_statements.subject_type
            when 'national_phone' then 'phone'
            else plausible_statements.subject_type
        end as subject_type,
        coalesce(holders.known_as, plausible_statements.subject) as subject,
        plausible_statements.purpose,
        plausible_statements.state,
        plausible_statements.is_gpc,
        plausible_statements.state <> 'granted' or holders.yes_counts as counts,
        plausible_statements.legal_basis,
        plausible_statements.source,
        plausible_statements.record_id,
        plausible_statements.captured_at

    from plausible_statements

    inner join profile_consent_holders as holders
        on
            plausible_statements.subject_type = holders.subject_type
            and plausible_statements.subject = holders.subject

)

select * from final
