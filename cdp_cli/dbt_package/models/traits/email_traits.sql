with

unified_email_events as (

    select * from {{ ref('unified_email_events') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

clock as (

    select {{ as_of_utc() }} as present

),

email_events as (

    select
        identity_map.profile_id,
        coalesce(email_events.message_id, email_events.event_id) as message_id,
        email_events.event_type,
        email_events.bounce_type,
        email_events.occurred_at,
        {{ age_in_seconds('email_events.occurred_at') }} as age_seconds

    from unified_email_events as email_events

    inner join identity_map
        on email_events.record_id = identity_map.record_id

    cross join clock

    where email_events.occurred_at <= clock.present

),

-- A message that was opened three times counts once.
email_messages as (

    select
        profile_id,
        message_id,
        {%- for event in ["delivered", "opened", "clicked"] %}
            min(age_seconds) filter (where event_type = '{{ event }}') as {{ event }}_age_seconds,
            max(occurred_at) filter (where event_type = '{{ event }}') as {{ event }}_at,
        {%- endfor %}
        max(case when event_type = 'opened' then 1 else 0 end) as was_opened,
        max(case when event_type = 'clicked' then 1 else 0 end) as was_clicked,
        count(*) filter (where event_type = 'bounced' and bounce_type = 'hard') as count_hard_bounces,
        max(occurred_at) filter (where event_type in ('unsubscribed', 'complained')) as unsubscribed_at

    from email_events
    group by profile_id, message_id

),

totals as (

    select
        profile_id,
        {%- for event in ["delivered", "opened", "clicked"] %}
            {%- for days in [30, 90, 365] %}
                count(*) filter (
                    where {{ within_days(days, event ~ '_age_seconds') }}
                ) as count_emails_{{ event }}_{{ days }}d,
            {%- endfor %}
        {%- endfor %}
        sum(count_hard_bounces) as count_hard_bounces,
        max(delivered_at) as last_email_at,
        max(opened_at) as last_opened_at,
        max(clicked_at) as last_clicked_at,
        greatest(max(opened_at), max(clicked_at)) as last_engaged_at,
        max(unsubscribed_at) as last_unsubscribed_at,
        avg(was_opened) filter (where {{ within_days(90, 'delivered_age_seconds') }}) as open_rate_90d,
        avg(was_clicked) filter (where {{ within_days(90, 'delivered_age_seconds') }}) as click_rate_90d

    from email_messages
    group by profile_id

)

select * from totals
