-- Sent back something of half of their orders or more.
select profile_id

from {{ ref('profile_traits') }}

where
    count_orders >= 3
    and return_rate >= 0.5
