with

source as (

    select * from {{ source('consent', 'events') }}

),

renamed as (

    select

        ---------- ids
        'consent:' || id as consent_event_id,

        ---------- who: a record where the banner knew one, else an address or a number
        case subject_type
            when 'anonymous_id' then {{ record_id('web_visitor', 'subject') }}
            when 'customer_id' then {{ record_id('shop_customer', 'subject') }}
        end as record_id,
        case when subject_type = 'email' then {{ normalize_email('subject') }} end as email,
        case when subject_type = 'phone' then {{ normalize_phone('subject') }} end as phone,

        ---------- what
        {{ clean_text('purpose') }} as purpose,
        lower({{ clean_text('action') }}) as state,
        lower({{ clean_text('legal_basis') }}) as legal_basis,

        ---------- timestamps
        captured_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
