-- The e-mail tool: subscribers, and what happened to each newsletter.
--
-- The tool keeps ${email_days} days. A subscription ends by unsubscribing, a hard bounce or a complaint; the end is
-- drawn with the subscriber, so every newsletter before it went out and none after it. Opens and clicks come up
-- to three days after the newsletter, so the newsletters of the days before ${from} are read again.

insert into email.subscribers by name
select
    source_id as subscriber_id,
    email,
    if(chance(rk, 'no name') < 0.2, null, first_name) as first_name,
    if(chance(rk, 'no name') < 0.35, null, last_name) as last_name,
    'subscribed' as status,
    created_at as subscribed_at,
    created_at as updated_at,
    loaded(created_at) as _loaded_at

from person_records

where kind = 'email_subscriber'

order by created_at, source_id;

create or replace temp table subscriptions as
select
    planned_records.person_no,
    planned_records.source_id as subscriber_id,
    planned_records.record_no,
    planned_records.rk,
    planned_records.created_at as subscribed_at,
    subscription_end(planned_records.created_at, planned_records.rk) as ends_at,
    case
        when chance(planned_records.rk, 'end') < 0.70 then 1
        when chance(planned_records.rk, 'end') < 0.94 then 2
        else 3
    end as ends_by,
    newsletter_slot(planned_records.rk) as slot,
    people.email_interest

from planned_records

inner join truth.people as people
    on planned_records.person_no = people.person_no

where
    planned_records.kind = 'email_subscriber'
    and planned_records.created_at < timestamp '${until}';

create or replace temp table messages as
with

days as (

    select
        unnest(generate_series(
            timestamp '${email_from}', timestamp '${until}' - interval '1 day', interval '1 day'
        )) as day

),

newsletters as (

    select
        day + interval '8 hours' as sent_at,
        day_of_fortnight(day) as slot,
        (day::date - date '1970-01-01') as day_no

    from days

    where day_of_fortnight(day) in (1, 3, 8, 10)

),

chosen as (

    select
        subscriptions.record_no,
        subscriptions.ends_by,
        subscriptions.email_interest,
        newsletters.day_no,
        part_key(subscriptions.rk, newsletters.day_no) as mk,
        newsletters.sent_at + to_seconds(
            floor(3600 * chance(part_key(subscriptions.rk, newsletters.day_no), 'sent'))::bigint
        ) as sent_at,
        -- The last one before the end brings it about.
        subscriptions.ends_at < newsletters.sent_at + interval '14 days' as is_last

    from subscriptions

    inner join newsletters
        on
            subscriptions.slot = newsletters.slot
            and newsletters.sent_at > subscriptions.subscribed_at
            and newsletters.sent_at <= subscriptions.ends_at

),

drawn as (

    select
        *,
        is_last and ends_by = 2 as bounces_hard,
        not is_last and chance(mk, 'soft bounce') < 0.008 as bounces_softly,
        chance(mk, 'open') < least(0.95, 2 * ${message_opened} * email_interest) as is_opened,
        chance(mk, 'click') < ${opened_clicked} as is_clicked,
        sent_at + to_seconds(20 + floor(160 * chance(mk, 'delivered'))::bigint) as delivered_at,
        sent_at + to_seconds(200 + floor(least(250000, 28000 * exponential(mk, 'opened')))::bigint) as opened_at

    from chosen

)

select * from drawn;

-- Not by unnesting a list of six events: at 15,000,000 of them DuckDB 2.0.0 fails with an internal error
-- ("dict-surviving cache").
insert into email.events by name
with

happened as (

    select
        *,
        1 as event_code,
        sent_at as occurred_at

    from messages

    union all

    select
        *,
        2 as event_code,
        delivered_at as occurred_at

    from messages

    where bounces_hard or bounces_softly

    union all

    select
        *,
        3 as event_code,
        delivered_at as occurred_at

    from messages

    where not bounces_hard and not bounces_softly

    union all

    select
        *,
        4 as event_code,
        opened_at as occurred_at

    from messages

    where
        (is_opened or (is_last and ends_by <> 2))
        and not bounces_hard
        and not bounces_softly

    union all

    select
        *,
        5 as event_code,
        opened_at + to_seconds(15 + floor(90 * chance(mk, 'clicked'))::bigint) as occurred_at

    from messages

    where
        is_opened
        and is_clicked
        and not bounces_hard
        and not bounces_softly

    union all

    select
        *,
        if(ends_by = 3, 7, 6) as event_code,
        opened_at + interval '4 minutes' as occurred_at

    from messages

    where
        is_last
        and ends_by <> 2

)

select
    hex_id(record_no, day_no, 'message') || '-' || event_code::varchar as event_id,
    subscriber_id(record_no) as subscriber_id,
    hex_id(record_no, day_no, 'message') as message_id,
    'newsletter-' || strftime(sent_at, '%Y-%m-%d') as campaign_id,
    case event_code
        when 1 then 'sent'
        when 2 then 'bounce'
        when 3 then 'delivered'
        when 4 then 'open'
        when 5 then 'click'
        when 6 then 'unsubscribe'
        else 'complaint'
    end as event,
    case when event_code = 2 then if(bounces_hard, 'hard', 'soft') end as bounce_type,
    occurred_at,
    loaded(occurred_at) as _loaded_at

from happened

where
    occurred_at >= greatest(timestamp '${from}', timestamp '${email_from}')
    and occurred_at < timestamp '${until}';

-- What ended since changes the subscriber's status in place. Ends before the tool's memory too.
update email.subscribers
set
    status = ended.status,
    updated_at = ended.ended_at,
    _loaded_at = loaded(ended.ended_at)

from (
    select
        subscriber_id,
        max(occurred_at) as ended_at,
        case max(event) when 'unsubscribe' then 'unsubscribed' when 'complaint' then 'complained' else 'bounced' end as status

    from email.events

    where
        occurred_at >= timestamp '${from}'
        and (event in ('unsubscribe', 'complaint') or (event = 'bounce' and bounce_type = 'hard'))

    group by subscriber_id

    union all

    select
        subscriber_id,
        ends_at,
        case ends_by when 1 then 'unsubscribed' when 3 then 'complained' else 'bounced' end

    from subscriptions

    where
        ends_at < timestamp '${email_from}'
        and ends_at >= timestamp '${from}'
) as ended

where subscribers.subscriber_id = ended.subscriber_id;
