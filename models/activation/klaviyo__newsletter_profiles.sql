{{ config(meta={'sync': {
    'connection': 'newsletter',
    'object': 'profiles',
    'mode': 'upsert',
    'purpose': 'marketing_email',
    'holdout': 0.05,
}}) }}

with

addressees as (

    {{ cdp.one_profile_per('email') }}

)

select
    profiles.profile_id,
    profiles.profile_id as external_id,
    profiles.email,
    profiles.first_name,
    profiles.last_name,
    profiles.city as "location.city",
    profiles.postcode as "location.zip",
    profiles.country as "location.country",
    profile_traits.favourite_category as "properties.favourite_category",
    profile_traits.favourite_sales_channel as "properties.favourite_sales_channel",
    profile_traits.count_orders as "properties.count_orders",
    profile_traits.sum_revenue_365d as "properties.revenue_365d",
    cast(cast(profile_traits.first_order_at as date) as {{ dbt.type_string() }}) as "properties.first_order_on",
    cast(cast(profile_traits.last_order_at as date) as {{ dbt.type_string() }}) as "properties.last_order_on"

from addressees

inner join {{ ref('profiles') }} as profiles
    on addressees.profile_id = profiles.profile_id

inner join {{ ref('profile_traits') }} as profile_traits
    on profiles.profile_id = profile_traits.profile_id
