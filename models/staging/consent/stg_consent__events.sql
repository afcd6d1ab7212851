with

source as (

    select * from {{ source('consent', 'events') }}

),

subjects as (

    select * from {{ ref('stg_consent__subjects') }}

),

-- A word for the subject's type that we do not know loses no withdrawal: a no is about whatever the subject can be.
typed as (

    select
        source.*,
        {{ cdp.consent_subject_type('source.subject_type') }} as known_type,
        coalesce(lower(trim(source.action)), '') <> 'granted' as is_no

    from source

),

events as (

    select
        typed.*,
        coalesce(typed.known_type = 'email', typed.is_no) as is_email,
        coalesce(typed.known_type = 'phone', typed.is_no) as is_phone

    from typed

),

-- What spoke since the build: a withdrawal must hold before the next one.
new_phones as (

    select distinct events.subject

    from events

    left join subjects
        on
            subjects.subject_type = 'phone'
            and events.subject = subjects.subject

    where
        events.is_phone
        and subjects.subject is null

),

phones as (

    select
        subject,
        {{ cdp.normalize_phone('subject') }} as phone,
        {{ cdp.national_digits('subject') }} as national_phone

    from new_phones

    union all

    select
        subject,
        phone,
        national_phone

    from subjects

    where subject_type = 'phone'

),

renamed as (

    select

        ---------- ids
        'consent:' || events.id as consent_event_id,

        ---------- who: a record where the banner knew one, else an address or a number
        case
            when events.known_type = 'anonymous_id' or (events.known_type is null and events.is_no)
                then {{ cdp.record_id('web_visitor', 'events.subject') }}
            when events.known_type = 'customer_id' then {{ cdp.record_id('shop_customer', 'events.subject') }}
        end as record_id,
        case
            when not events.is_email then null
            when emails.subject is not null then emails.email
            else {{ cdp.normalize_email('events.subject') }}
        end as email,
        case when events.is_phone then phones.phone end as phone,
        case when events.is_phone and phones.phone is not null then phones.national_phone end as national_phone,

        ---------- what
        {{ cdp.clean_text('events.purpose') }} as purpose,
        lower({{ cdp.clean_text('events.action') }}) as state,
        lower({{ cdp.clean_text('events.legal_basis') }}) as legal_basis,

        ---------- timestamps
        events.captured_at,
        events._loaded_at as loaded_at

    from events

    left join subjects as emails
        on
            events.is_email
            and emails.subject_type = 'email'
            and events.subject = emails.subject

    left join phones
        on
            events.is_phone
            and events.subject = phones.subject

),

-- A row has one record, and a subject of an unknown type can also be the other one.
other_records as (

    select
        'consent:' || id || ':customer' as consent_event_id,
        {{ cdp.record_id('shop_customer', 'subject') }} as record_id,
        cast(null as {{ dbt.type_string() }}) as email,
        cast(null as {{ dbt.type_string() }}) as phone,
        cast(null as {{ dbt.type_string() }}) as national_phone,
        {{ cdp.clean_text('purpose') }} as purpose,
        lower({{ cdp.clean_text('action') }}) as state,
        lower({{ cdp.clean_text('legal_basis') }}) as legal_basis,
        captured_at,
        _loaded_at as loaded_at

    from events

    where
        known_type is null
        and is_no

),

final as (

    select * from renamed

    union all

    select * from other_records

)

select * from final
