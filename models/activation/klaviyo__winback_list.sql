{{ config(meta={'sync': {
    'connection': 'newsletter',
    'object': 'winback_list',
    'mode': 'audience',
    'purpose': 'marketing_email',
    'holdout': 0.1,
    'removal_guard': 0.5,
    'yields_to': ['klaviyo__vip_list'],
}}) }}

with

addressees as (

    {{ cdp.one_profile_per('email') }}

)

select
    profiles.profile_id,
    profiles.profile_id as external_id,
    profiles.email

from {{ ref('at_risk_of_churn') }} as at_risk_of_churn

inner join addressees
    on at_risk_of_churn.profile_id = addressees.profile_id

inner join {{ ref('profiles') }} as profiles
    on addressees.profile_id = profiles.profile_id
