{{ config(meta={'sync': {
    'connection': 'newsletter',
    'object': 'vip_list',
    'mode': 'audience',
    'purpose': 'marketing_email',
    'removal_guard': 0.5,
}}) }}

with

addressees as (

    {{ cdp.one_profile_per('email') }}

)

select
    profiles.profile_id,
    profiles.profile_id as external_id,
    profiles.email

from {{ ref('top_decile_by_value') }} as top_decile_by_value

inner join addressees
    on top_decile_by_value.profile_id = addressees.profile_id

inner join {{ ref('profiles') }} as profiles
    on addressees.profile_id = profiles.profile_id
