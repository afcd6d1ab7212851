with

source as (

    select * from {{ latest_rows(source('crm', 'leads'), 'lead_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ record_id('crm_lead', 'lead_id') }} as record_id,

        ---------- person
        {{ clean_text('name') }} as full_name,
        {{ normalize_email('email') }} as email,
        {{ normalize_phone('phone') }} as phone,
        {{ clean_text('city') }} as city,

        ---------- lead
        {{ clean_text('lead_source') }} as lead_source,
        {{ clean_text('status') }} as lead_status,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
