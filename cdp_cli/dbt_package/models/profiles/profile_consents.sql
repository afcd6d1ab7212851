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
        *,
        row_number() over (
            partition by profile_id, for_purpose, subject_type, subject
            order by captured_at desc nulls last, restriction desc, consent_event_id asc
        ) as age

    from statements

),

-- Across subjects the most careful word holds: a yes given under one address cannot undo a no under another.
strictest_of_profile as (

    select
        *,
        row_number() over (
            partition by profile_id, for_purpose
            order by restriction desc, captured_at desc nulls last, consent_event_id asc
        ) as leniency

    from current_of_subject

    where age = 1

),

final as (

    select
        profile_id,
        for_purpose as purpose,
        state,
        legal_basis,
        source,
        record_id,
        captured_at

    from strictest_of_profile

    where leniency = 1

)

select * from final
