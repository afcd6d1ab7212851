{{ config(meta={'sync': {
    'connection': 'crm_webhook',
    'object': 'segment_events',
    'mode': 'append',
    'purpose': 'personalisation',
    'key': 'event_id',
}}) }}

-- depends_on: {{ ref('high_value_at_risk') }}
-- depends_on: {{ ref('unhappy_after_support') }}
-- The log is a source, which orders nothing: the lines above have it written before it is read.
select
    segment_events.profile_id,
    segment_events.profile_id as external_id,
    md5(concat_ws(
        '|',
        segment_events.segment,
        segment_events.profile_id,
        segment_events.event,
        segment_events.run_id
    )) as event_id,
    segment_events.segment,
    segment_events.event,
    segment_events.occurred_at

from {{ source('segment_log', 'segment_events') }} as segment_events

-- Who left because two profiles became one has no profile of that id any more.
inner join {{ ref('profiles') }} as profiles
    on segment_events.profile_id = profiles.profile_id

where
    segment_events.segment in ('high_value_at_risk', 'unhappy_after_support')
    and segment_events.occurred_at > {{ dbt.dateadd('day', -30, cdp.as_of_utc()) }}
