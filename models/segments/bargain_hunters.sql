-- Buys mostly at a discount, and more than once.
select profile_id

from {{ ref('profile_traits') }}

where
    count_orders_365d >= 2
    and share_discounted_orders >= 0.6
