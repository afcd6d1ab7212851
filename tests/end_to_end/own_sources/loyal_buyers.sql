-- Ten orders or more.
select profile_id

from {{ ref('profile_traits') }}

where count_orders >= 10
