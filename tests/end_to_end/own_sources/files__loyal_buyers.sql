{{ config(meta={'sync': {
    'connection': 'exports',
    'object': 'loyal_buyers',
    'mode': 'mirror',
    'purpose': 'service',
}}) }}

select
    profiles.profile_id,
    profiles.profile_id as external_id,
    profiles.user_id,
    profile_traits.count_orders

from {{ ref('loyal_buyers') }} as loyal_buyers

inner join {{ ref('profiles') }} as profiles
    on loyal_buyers.profile_id = profiles.profile_id

inner join {{ ref('profile_traits') }} as profile_traits
    on profiles.profile_id = profile_traits.profile_id
