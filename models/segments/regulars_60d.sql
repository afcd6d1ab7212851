-- Bought more than twice in 60 days.
select profile_id

from {{ ref('profile_traits') }}

where count_orders_60d > 2
