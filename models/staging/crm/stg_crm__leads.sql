with

source as (

    select * from {{ cdp.latest_rows(source('crm', 'leads'), 'lead_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ cdp.record_id('crm_lead', 'lead_id') }} as record_id,

        ---------- person
        {{ cdp.clean_text('name') }} as full_name,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.normalize_phone('phone') }} as phone,
        {{ cdp.clean_text('city') }} as city,

        ---------- lead
        {{ cdp.clean_text('lead_source') }} as lead_source,
        {{ cdp.clean_text('status') }} as lead_status,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
