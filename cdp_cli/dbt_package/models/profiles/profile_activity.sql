with

identity_map as (

    select * from {{ ref('identity_map') }}

),

unified_web_events as (

    select * from {{ ref('unified_web_events') }}

),

unified_orders as (

    select * from {{ ref('unified_orders') }}

),

unified_returns as (

    select * from {{ ref('unified_returns') }}

),

unified_email_events as (

    select * from {{ ref('unified_email_events') }}

),

unified_tickets as (

    select * from {{ ref('unified_tickets') }}

),

profile_consent_statements as (

    select * from {{ ref('profile_consent_statements') }}

),

activity_of_records as (

    select
        'web_event:' || event_id as activity_id,
        event_type as activity_type,
        occurred_at,
        source,
        case when device_type = 'app' then 'app' else 'web' end as channel,
        coalesce(product_id, page_path) as subject,
        cast(null as decimal(18, 2)) as amount,
        record_id

    from unified_web_events

    union all

    select
        'order:' || order_id as activity_id,
        case
            when status = 'cancelled' then 'order_cancelled'
            when sales_channel = 'store' then 'bought_in_store'
            else 'order_placed'
        end as activity_type,
        ordered_at as occurred_at,
        source,
        sales_channel as channel,
        coalesce(store_id, order_id) as subject,
        net_amount as amount,
        record_id

    from unified_orders

    union all

    select
        'return:' || unified_returns.return_id as activity_id,
        'order_returned' as activity_type,
        unified_returns.returned_at as occurred_at,
        unified_returns.source,
        unified_orders.sales_channel as channel,
        unified_returns.reason as subject,
        -unified_returns.refund_amount as amount,
        unified_orders.record_id

    from unified_returns

    inner join unified_orders
        on unified_returns.order_id = unified_orders.order_id

    union all

    select
        'email_event:' || event_id as activity_id,
        'email_' || event_type as activity_type,
        occurred_at,
        source,
        'email' as channel,
        campaign_id as subject,
        cast(null as decimal(18, 2)) as amount,
        record_id

    from unified_email_events

    union all

    select
        'ticket:' || ticket_id as activity_id,
        'ticket_opened' as activity_type,
        opened_at as occurred_at,
        source,
        channel,
        topic as subject,
        cast(null as decimal(18, 2)) as amount,
        record_id

    from unified_tickets

),

final as (

    select
        identity_map.profile_id,
        activity_of_records.activity_id,
        activity_of_records.activity_type,
        activity_of_records.occurred_at,
        activity_of_records.source,
        activity_of_records.channel,
        activity_of_records.subject,
        activity_of_records.amount,
        activity_of_records.record_id

    from activity_of_records

    inner join identity_map
        on activity_of_records.record_id = identity_map.record_id

    union all

    select
        profile_id,
        'consent_event:' || consent_event_id as activity_id,
        case when is_gpc then 'gpc_signalled' else 'consent_' || state end as activity_type,
        captured_at as occurred_at,
        source,
        'consent' as channel,
        purpose as subject,
        cast(null as decimal(18, 2)) as amount,
        record_id

    from profile_consent_statements

)

select * from final
