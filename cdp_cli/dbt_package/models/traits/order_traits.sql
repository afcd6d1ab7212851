{#- One pass over the orders, with all windows as filters. -#}
{%- set windows = [7, 30, 60, 90, 365] -%}

with

unified_orders as (

    select * from {{ ref('unified_orders') }}

),

unified_returns as (

    select * from {{ ref('unified_returns') }}

),

unified_order_items as (

    select * from {{ ref('unified_order_items') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

clock as (

    select {{ as_of_utc() }} as present

),

returns as (

    select
        returns.order_id,
        sum(returns.refund_amount) as refund_amount,
        max(returns.returned_at) as returned_at

    from unified_returns as returns

    cross join clock

    where returns.returned_at <= clock.present
    group by returns.order_id

),

-- Cancelled orders do not count. What lies after the present is not known yet.
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

    from unified_orders as orders

    inner join identity_map
        on orders.record_id = identity_map.record_id

    left join returns
        on orders.order_id = returns.order_id

    cross join clock

    where
        coalesce(orders.status, 'paid') <> 'cancelled'
        and orders.ordered_at <= clock.present

),

totals as (

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

items_bought as (

    select
        orders.profile_id,
        sum(items.quantity) as count_items,
        count(distinct items.product_id) as count_products,
        count(distinct items.category) as count_categories,
        count(distinct items.category) filter (
            where {{ days_between('orders.first_ordered_at', 'orders.ordered_at') }} <= 30
        ) as count_categories_first_30d,
        {{ most_frequent('items.category') }} as favourite_category

    from unified_order_items as items

    inner join orders
        on items.order_id = orders.order_id

    group by orders.profile_id

),

final as (

    select
        totals.*,
        items_bought.count_items,
        items_bought.count_products,
        items_bought.count_categories,
        items_bought.count_categories_first_30d,
        items_bought.favourite_category

    from totals

    left join items_bought
        on totals.profile_id = items_bought.profile_id

)

select * from final
