with

deliveries as (

    select
        sync,
        cast(occurred_at as date) as delivered_on,
        outcome,
        case when outcome = 'acknowledged' then operation else reason end as detail

    from {{ source('cdp', 'sync_deliveries') }}

),

summed as (

    select
        sync,
        delivered_on,
        outcome,
        coalesce(detail, 'unknown') as detail,
        count(*) as count_rows

    from deliveries
    group by sync, delivered_on, outcome, coalesce(detail, 'unknown')

)

select * from summed
