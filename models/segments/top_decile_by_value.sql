-- The tenth of this year's buyers that paid most, net of what they gave back.
with

buyers as (

    select
        profile_id,
        ntile(10) over (order by sum_revenue_365d - sum_refunds_365d desc, profile_id asc) as decile

    from {{ ref('profile_traits') }}

    where count_orders_365d > 0

)

select profile_id

from buyers

where decile = 1
