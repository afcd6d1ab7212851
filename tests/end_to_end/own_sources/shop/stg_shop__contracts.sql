-- Who ordered has a contract, and gets the messages that it needs.
with

customers as (

    select * from {{ ref('stg_shop__customers') }}

),

contracts as (

    select

        'contract:' || record_id as consent_event_id,
        record_id,
        'service' as purpose,
        'granted' as state,
        'contract' as legal_basis,
        created_at as captured_at,
        loaded_at

    from customers

)

select * from contracts
