with

source as (

    select * from {{ source('consent', 'events') }}

),

-- Few statements are about a number, and to read one costs more than all the rest: each is read once.
phone_subjects as (

    select distinct subject

    from source

    where subject_type = 'phone'

),

phones as (

    select
        subject,
        {{ normalize_phone('subject') }} as phone

    from phone_subjects

),

renamed as (

    select

        ---------- ids
        'consent:' || source.id as consent_event_id,

        ---------- who: a record where the banner knew one, else an address or a number
        case source.subject_type
            when 'anonymous_id' then {{ record_id('web_visitor', 'source.subject') }}
            when 'customer_id' then {{ record_id('shop_customer', 'source.subject') }}
        end as record_id,
        case when source.subject_type = 'email' then {{ normalize_email('source.subject') }} end as email,
        phones.phone,

        ---------- what
        {{ clean_text('source.purpose') }} as purpose,
        lower({{ clean_text('source.action') }}) as state,
        lower({{ clean_text('source.legal_basis') }}) as legal_basis,

        ---------- timestamps
        source.captured_at,
        source._loaded_at as loaded_at

    from source

    left join phones
        on source.subject_type = 'phone'
        and source.subject = phones.subject

)

select * from renamed
