-- A longer window holds all of a shorter one, a lifetime all of a window, and a share lies between 0 and 1.
select profile_id

from {{ ref('profile_traits') }}

where
    not (
        count_orders_7d <= count_orders_30d
        and count_orders_30d <= count_orders_60d
        and count_orders_60d <= count_orders_90d
        and count_orders_90d <= count_orders_365d
        and count_orders_365d <= count_orders
        and count_visits_7d <= count_visits_30d
        and count_visits_90d <= count_visits_365d
        and count_visits_365d <= count_visits
        and count_emails_clicked_30d <= count_emails_clicked_90d
        and count_online_orders_365d + count_store_orders_365d = count_orders_365d
        and count_categories_first_30d <= count_categories
        and coalesce(return_rate, 0) between 0 and 1
        and coalesce(share_discounted_orders, 0) between 0 and 1
        and coalesce(open_rate_90d, 0) between 0 and 1
        and coalesce(days_since_last_order, 0) >= 0
        and (first_order_at is null) = (count_orders = 0)
        and (second_order_at is null) = (count_orders < 2)
    )
