with

-- Read twice on purpose: each reads only what it is about.
statements_about_email as (

    select * from {{ ref('profile_consent_statements') }}

),

statements_about_all as (

    select * from {{ ref('profile_consent_statements') }}

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

final as (

    select
        profile_id,
        subject,
        max(captured_at) as granted_at

    from grants_of_subjects

    group by
        profile_id,
        subject

)

select * from final
