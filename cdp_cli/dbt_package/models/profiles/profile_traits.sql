{#- One pass over each fact table, all windows in it as filters. Facts are keyed by the id that a person has
    now, so a merge or a split needs no arithmetic on old traits. -#}
{%- set windows = [7, 30, 60, 90, 365] -%}

with

profiles as (

    select profile_id from {{ ref('profiles') }}

),

identity_map as (

    select
        record_id,
        profile_id

    from {{ ref('identity_map') }}

),

clock as (

    select {{ as_of_utc() }} as present

),

joinings as (

    -- The day a person became known by name: an account, a card, a subscription, a guest order.
    select
        identity_map.profile_id,
        min(people.created_at) as joined_at

    from {{ ref('unified_people') }} as people

    inner join identity_map
        on people.record_id = identity_map.record_id

    where people.anonymous_id is null
    group by identity_map.profile_id

),

returns as (

    select
        returns.order_id,
        sum(returns.refund_amount) as refund_amount,
        max(returns.returned_at) as returned_at

    from {{ ref('unified_returns') }} as returns

    cross join clock

    where returns.returned_at <= clock.present
    group by returns.order_id

),

-- Cancelled orders are no orders; what lies after the present is not known yet.
orders as (

    select
        identity_map.profile_id,
        orders.order_id,
        orders.ordered_at,
        orders.sales_channel,
        orders.store_id,
        orders.currency,
        orders.gross_amount,
        orders.net_amount,
        orders.discount_amount,
        returns.refund_amount,
        returns.returned_at,
        min(orders.ordered_at) over (partition by identity_map.profile_id) as first_ordered_at,
        {{ age_in_seconds('orders.ordered_at') }} as age_seconds,
        {{ age_in_seconds('returns.returned_at') }} as return_age_seconds,
        extract(hour from orders.ordered_at) as hour_of_day,
        row_number() over (
            partition by identity_map.profile_id order by orders.ordered_at, orders.order_id
        ) as order_number,
        {{ days_between(
            'lag(orders.ordered_at) over (partition by identity_map.profile_id'
            ~ ' order by orders.ordered_at, orders.order_id)',
            'orders.ordered_at'
        ) }} as days_since_previous

    from {{ ref('unified_orders') }} as orders

    inner join identity_map
        on orders.record_id = identity_map.record_id

    left join returns
        on orders.order_id = returns.order_id

    cross join clock

    where
        coalesce(orders.status, 'paid') <> 'cancelled'
        and orders.ordered_at <= clock.present

),

order_traits as (

    select
        profile_id,
        count(*) as count_orders,
        sum(net_amount) as sum_revenue,
        {%- for days in windows %}
            count(*) filter (where {{ within_days(days) }}) as count_orders_{{ days }}d,
            sum(net_amount) filter (where {{ within_days(days) }}) as sum_revenue_{{ days }}d,
        {%- endfor %}
        count(*) filter (where sales_channel = 'online' and {{ within_days(365) }}) as count_online_orders_365d,
        count(*) filter (where sales_channel = 'store' and {{ within_days(365) }}) as count_store_orders_365d,
        avg(net_amount) as avg_order_value,
        avg(net_amount) filter (where {{ within_days(365) }}) as avg_order_value_365d,
        max(net_amount) as max_order_value,
        {{ most_frequent('currency') }} as currency,
        min(ordered_at) as first_order_at,
        max(ordered_at) filter (where order_number = 2) as second_order_at,
        max(ordered_at) as last_order_at,
        max(ordered_at) filter (where sales_channel = 'online') as last_online_order_at,
        max(ordered_at) filter (where sales_channel = 'store') as last_store_order_at,
        min(age_seconds) / 86400 as days_since_last_order,
        median(days_since_previous) as median_days_between_orders,
        max(sales_channel) filter (where order_number = 1) as first_order_sales_channel,
        {{ most_frequent('sales_channel') }} as favourite_sales_channel,
        {{ most_frequent('store_id') }} as favourite_store,
        {{ most_frequent('hour_of_day') }} as favourite_order_hour,
        {{ share('sum(discount_amount)', 'sum(gross_amount)') }} as share_discount,
        {{ share('count(*) filter (where discount_amount > 0)', 'count(*)') }} as share_discounted_orders,
        count(returned_at) as count_returned_orders,
        count(*) filter (where {{ within_days(90, 'return_age_seconds') }}) as count_returned_orders_90d,
        {{ share('count(returned_at)', 'count(*)') }} as return_rate,
        sum(refund_amount) as sum_refunds,
        sum(refund_amount) filter (where {{ within_days(365, 'return_age_seconds') }}) as sum_refunds_365d,
        max(returned_at) as last_returned_at

    from orders
    group by profile_id

),

item_traits as (

    select
        orders.profile_id,
        sum(items.quantity) as count_items,
        count(distinct items.product_id) as count_products,
        count(distinct items.category) as count_categories,
        count(distinct items.category) filter (
            where {{ days_between('orders.first_ordered_at', 'orders.ordered_at') }} <= 30
        ) as count_categories_first_30d,
        {{ most_frequent('items.category') }} as favourite_category

    from {{ ref('unified_order_items') }} as items

    inner join orders
        on items.order_id = orders.order_id

    group by orders.profile_id

),

web_events as (

    select
        identity_map.profile_id,
        coalesce(web_events.session_id, web_events.event_id) as session_id,
        web_events.event_type,
        web_events.occurred_at,
        web_events.category,
        web_events.device_type,
        web_events.utm_source,
        {{ age_in_seconds('web_events.occurred_at') }} as age_seconds

    from {{ ref('unified_web_events') }} as web_events

    inner join identity_map
        on web_events.record_id = identity_map.record_id

    cross join clock

    where web_events.occurred_at <= clock.present

),

web_visits as (

    select
        profile_id,
        session_id,
        min(age_seconds) as age_seconds,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        max(device_type) as device_type,
        max(utm_source) as utm_source,
        {%- for days in windows %}
            count(*) filter (
                where event_type = 'product_viewed' and {{ within_days(days) }}
            ) as count_product_views_{{ days }}d,
        {%- endfor %}
        count(*) filter (where event_type = 'cart_added' and {{ within_days(30) }}) as count_cart_adds_30d,
        count(*) filter (where event_type = 'checkout_started' and {{ within_days(30) }}) as count_checkouts_30d,
        max(occurred_at) filter (where event_type = 'cart_added') as cart_added_at,
        max(occurred_at) filter (where event_type = 'checkout_started') as checkout_started_at

    from web_events
    group by profile_id, session_id

),

web_traits as (

    select
        profile_id,
        count(*) as count_visits,
        {%- for days in windows %}
            count(*) filter (where {{ within_days(days) }}) as count_visits_{{ days }}d,
            sum(count_product_views_{{ days }}d) as count_product_views_{{ days }}d,
        {%- endfor %}
        sum(count_cart_adds_30d) as count_cart_adds_30d,
        sum(count_checkouts_30d) as count_checkouts_30d,
        min(started_at) as first_visit_at,
        max(ended_at) as last_visit_at,
        max(cart_added_at) as last_cart_added_at,
        max(checkout_started_at) as last_checkout_started_at,
        {{ most_frequent('device_type') }} as favourite_device,
        {{ most_frequent('utm_source') }} as favourite_campaign_source

    from web_visits
    group by profile_id

),

web_favourites as (

    select
        profile_id,
        {{ most_frequent('category') }} as favourite_viewed_category

    from web_events
    group by profile_id

),

email_events as (

    select
        identity_map.profile_id,
        coalesce(email_events.message_id, email_events.event_id) as message_id,
        email_events.event_type,
        email_events.bounce_type,
        email_events.occurred_at,
        {{ age_in_seconds('email_events.occurred_at') }} as age_seconds

    from {{ ref('unified_email_events') }} as email_events

    inner join identity_map
        on email_events.record_id = identity_map.record_id

    cross join clock

    where email_events.occurred_at <= clock.present

),

-- A message that was opened three times counts once.
email_messages as (

    select
        profile_id,
        message_id,
        {%- for event in ["delivered", "opened", "clicked"] %}
            min(age_seconds) filter (where event_type = '{{ event }}') as {{ event }}_age_seconds,
            max(occurred_at) filter (where event_type = '{{ event }}') as {{ event }}_at,
        {%- endfor %}
        max(case when event_type = 'opened' then 1 else 0 end) as was_opened,
        max(case when event_type = 'clicked' then 1 else 0 end) as was_clicked,
        count(*) filter (where event_type = 'bounced' and bounce_type = 'hard') as count_hard_bounces,
        max(occurred_at) filter (where event_type in ('unsubscribed', 'complained')) as unsubscribed_at

    from email_events
    group by profile_id, message_id

),

email_traits as (

    select
        profile_id,
        {%- for event in ["delivered", "opened", "clicked"] %}
            {%- for days in [30, 90, 365] %}
                count(*) filter (
                    where {{ within_days(days, event ~ '_age_seconds') }}
                ) as count_emails_{{ event }}_{{ days }}d,
            {%- endfor %}
        {%- endfor %}
        sum(count_hard_bounces) as count_hard_bounces,
        max(delivered_at) as last_email_at,
        max(opened_at) as last_opened_at,
        max(clicked_at) as last_clicked_at,
        greatest(max(opened_at), max(clicked_at)) as last_engaged_at,
        max(unsubscribed_at) as last_unsubscribed_at,
        avg(was_opened) filter (where {{ within_days(90, 'delivered_age_seconds') }}) as open_rate_90d,
        avg(was_clicked) filter (where {{ within_days(90, 'delivered_age_seconds') }}) as click_rate_90d

    from email_messages
    group by profile_id

),

tickets as (

    select
        identity_map.profile_id,
        tickets.opened_at,
        tickets.closed_at,
        tickets.topic,
        tickets.satisfaction,
        {{ age_in_seconds('tickets.opened_at') }} as age_seconds,
        row_number() over (
            partition by identity_map.profile_id, case when tickets.satisfaction is null then 0 else 1 end
            order by tickets.opened_at desc, tickets.ticket_id desc
        ) as latest_rated

    from {{ ref('unified_tickets') }} as tickets

    inner join identity_map
        on tickets.record_id = identity_map.record_id

    cross join clock

    where tickets.opened_at <= clock.present

),

support_traits as (

    select
        profile_id,
        count(*) as count_tickets,
        {%- for days in [30, 90, 365] %}
            count(*) filter (where {{ within_days(days) }}) as count_tickets_{{ days }}d,
        {%- endfor %}
        count(*) filter (where closed_at is null) as count_open_tickets,
        max(opened_at) as last_ticket_at,
        {{ most_frequent('topic') }} as favourite_ticket_topic,
        avg(satisfaction) filter (where {{ within_days(365) }}) as avg_satisfaction_365d,
        max(satisfaction) filter (where latest_rated = 1) as last_satisfaction,
        max(opened_at) filter (where satisfaction is not null) as last_rated_ticket_at,
        median({{ dbt.datediff('opened_at', 'closed_at', 'second') }}) / 3600 as median_hours_to_solve

    from tickets
    group by profile_id

),

-- The columns, their order and types are those of the properties file. Counts and sums are 0 where there is nothing.
traits as (

    select
        profiles.profile_id,
        {%- for column in trait_columns() %}
            {%- set value = column.name %}
            {%- if value.startswith(('count_', 'sum_')) %}
                {%- set value = 'coalesce(' ~ value ~ ', 0)' %}
            {%- endif %}
            cast({{ value }} as {{ column.data_type }}) as {{ column.name }},
        {%- endfor %}
        greatest(last_order_at, last_visit_at, last_engaged_at, last_ticket_at) as last_active_at

    from profiles

    left join joinings
        on profiles.profile_id = joinings.profile_id

    left join order_traits
        on profiles.profile_id = order_traits.profile_id

    left join item_traits
        on profiles.profile_id = item_traits.profile_id

    left join web_traits
        on profiles.profile_id = web_traits.profile_id

    left join web_favourites
        on profiles.profile_id = web_favourites.profile_id

    left join email_traits
        on profiles.profile_id = email_traits.profile_id

    left join support_traits
        on profiles.profile_id = support_traits.profile_id

),

with_status as (

    select
        traits.*,
        case
            when traits.last_active_at is null then 'never'
            when traits.last_active_at > {{ dbt.dateadd('day', -30, 'clock.present') }} then 'active'
            when traits.last_active_at > {{ dbt.dateadd('day', -90, 'clock.present') }} then 'fading'
            else 'dormant'
        end as activity_status

    from traits

    cross join clock

)

select * from with_status
