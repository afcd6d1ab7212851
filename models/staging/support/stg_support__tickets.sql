with

source as (

    select * from {{ cdp.latest_rows(source('support', 'tickets'), 'ticket_id') }}

),

renamed as (

    select

        ---------- ids
        'support_ticket:' || ticket_id as ticket_id,
        {{ cdp.record_id('support_requester', 'requester_id') }} as record_id,

        ---------- ticket
        channel,
        topic,
        status,
        satisfaction,

        ---------- timestamps
        opened_at,
        closed_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
