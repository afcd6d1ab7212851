-- A withdrawal of a purpose that the seed does not know withdraws everything, and any other such event decides nothing.
{{ config(severity='warn') }}

select
    unified_consent_events.source,
    unified_consent_events.purpose,
    count(*) as count_events

from {{ ref('unified_consent_events') }} as unified_consent_events

left join {{ ref('purposes') }} as purposes
    on lower(trim(unified_consent_events.purpose)) = purposes.purpose

where
    purposes.purpose is null
    and coalesce(trim(unified_consent_events.purpose), '') <> '*'
    and coalesce(lower(trim(unified_consent_events.state)), '') <> 'gpc'

group by
    unified_consent_events.source,
    unified_consent_events.purpose
