with

purposes as (

    select * from {{ ref('purposes') }}

),

-- Read twice on purpose: so a reader who asks for one purpose has each part read only what is about it.
statements_about_one as (

    select * from {{ ref('profile_consent_statements') }}

),

statements_about_all as (

    select * from {{ ref('profile_consent_statements') }}

),

statements_by_purpose as (

    select
        statements_about_one.*,
        purposes.purpose as for_purpose

    from statements_about_one

    inner join purposes
        on statements_about_one.purpose = purposes.purpose

    where statements_about_one.counts

    union all

    select
        statements_about_all.*,
        purposes.purpose as for_purpose

    from statements_about_all

    cross join purposes

    where
        statements_about_all.purpose = '*'
        and statements_about_all.counts

),

statements as (

    select
        *,
        case state when 'withdrawn' then 3 when 'denied' then 2 else 1 end as restriction

    from statements_by_purpose

),

-- Within one subject the latest word holds, so a person can say no today and yes tomorrow.
current_of_subject as (

    select
        latest.profile_id,
        latest.for_purpose,
        latest.state,
        latest.legal_basis,
        latest.source,
        latest.record_id,
        latest.captured_at,
        latest.restriction,
        latest.consent_event_id

    from {{ latest_rows(
        'statements',
        'profile_id, for_purpose, subject_type, subject',
        order_by='captured_at desc nulls last, restriction desc, consent_event_id asc'
    ) }} as latest

),

-- Across subjects the most careful word holds: a yes given under one address cannot undo a no under another.
final as (

    select
        strictest.profile_id,
        strictest.for_purpose as purpose,
        strictest.state,
        strictest.legal_basis,
        strictest.source,
        strictest.record_id,
        strictest.captured_at

    from {{ latest_rows(
        'current_of_subject',
        'profile_id, for_purpose',
        order_by='restriction desc, captured_at desc nulls last, consent_event_id asc'
    ) }} as strictest

)

select * from final
