with

unified_consent_events as (

    select * from {{ ref('unified_consent_events') }}

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
statements as (

    select
        consent_event_id,
        source,
        record_id,
        legal_basis,
        case
            when record_id is not null then 'record'
            when email is not null then 'email'
            when national_phone is not null then 'national_phone'
            else 'phone'
        end as subject_type,
        coalesce(record_id, email, national_phone, phone) as subject,
        case when lower(trim(state)) = 'gpc' then 'advertising' else lower(trim(purpose)) end as purpose,
        case when lower(trim(state)) in ('granted', 'withdrawn') then lower(trim(state)) else 'denied' end as state,
        coalesce(lower(trim(state)) = 'gpc', false) as is_gpc,
        coalesce(captured_at, loaded_at) as captured_at

    from read_numbers

),

-- A yes from the future is a wrong clock, and would beat every later no.
plausible_statements as (

    select *

    from statements

    where
        subject is not null
        and (
            state <> 'granted'
            or captured_at <= {{ dbt.dateadd('day', 1, as_of_utc()) }}
        )

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
