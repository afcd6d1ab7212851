{{ config(meta={'sync': {
    'connection': 'crm_webhook',
    'object': 'high_value_at_risk',
    'mode': 'mirror',
    'purpose': 'personalisation',
    'nulls': {'phone': 'clear', 'email': 'clear'},
    'removal_guard': 1.0,
}}) }}

-- No guard on removals: a person leaves by buying again, and a good week may empty this short list.

select
    profiles.profile_id,
    profiles.profile_id as external_id,
    profiles.full_name,
    profiles.phone,
    profiles.email,
    profile_traits.sum_revenue_365d as revenue_365d,
    profile_traits.favourite_category,
    profile_traits.favourite_store,
    profile_traits.last_order_at

from {{ ref('high_value_at_risk') }} as high_value_at_risk

inner join {{ ref('profiles') }} as profiles
    on high_value_at_risk.profile_id = profiles.profile_id

inner join {{ ref('profile_traits') }} as profile_traits
    on profiles.profile_id = profile_traits.profile_id
