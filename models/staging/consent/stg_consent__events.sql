with

source as (

    select * from {{ source('consent', 'events') }}

),

subjects as (

    select * from {{ ref('stg_consent__subjects') }}

),

-- What spoke since the build: a withdrawal must hold before the next one.
new_phones as (

    select distinct source.subject

    from source

    left join subjects
        on
            source.subject_type = subjects.subject_type
            and source.subject = subjects.subject

    where
        source.subject_type = 'phone'
        and subjects.subject is null

),

phones as (

    select
        subject,
        {{ cdp.normalize_phone('subject') }} as phone,
        {{ cdp.national_digits('subject') }} as national_phone

    from new_phones

),

renamed as (

    select

        ---------- ids
        'consent:' || source.id as consent_event_id,

        ---------- who: a record where the banner knew one, else an address or a number
        case source.subject_type
            when 'anonymous_id' then {{ cdp.record_id('web_visitor', 'source.subject') }}
            when 'customer_id' then {{ cdp.record_id('shop_customer', 'source.subject') }}
        end as record_id,
        case
            when subjects.subject is not null then subjects.email
            when source.subject_type = 'email' then {{ cdp.normalize_email('source.subject') }}
        end as email,
        coalesce(subjects.phone, phones.phone) as phone,
        case
            when coalesce(subjects.phone, phones.phone) is not null
                then coalesce(subjects.national_phone, phones.national_phone)
        end as national_phone,

        ---------- what
        {{ cdp.clean_text('source.purpose') }} as purpose,
        lower({{ cdp.clean_text('source.action') }}) as state,
        lower({{ cdp.clean_text('source.legal_basis') }}) as legal_basis,

        ---------- timestamps
        source.captured_at,
        source._loaded_at as loaded_at

    from source

    left join subjects
        on
            source.subject_type = subjects.subject_type
            and source.subject = subjects.subject

    left join phones
        on
            source.subject_type = 'phone'
            and source.subject = phones.subject

)

select * from renamed
