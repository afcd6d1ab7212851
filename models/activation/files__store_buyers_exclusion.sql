{{ config(meta={'sync': {
    'connection': 'exports',
    'object': 'store_buyers_exclusion',
    'mode': 'mirror',
    'purpose': 'advertising',
    'removal_guard': 1.0,
}}) }}

-- No guard on removals: after a week everybody leaves.

select
    profiles.profile_id,
    profiles.profile_id as external_id,
    profiles.email,
    profiles.phone

from {{ ref('store_buyers_7d') }} as store_buyers_7d

inner join {{ ref('profiles') }} as profiles
    on store_buyers_7d.profile_id = profiles.profile_id

where
    profiles.email is not null
    or profiles.phone is not null
