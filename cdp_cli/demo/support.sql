-- The support desk: requesters, and tickets that are opened, closed and rated.

insert into support.requesters by name
select
    source_id as requester_id,
    case
        when chance(rk, 'name order') < 0.12 then last_name || ', ' || first_name
        when chance(rk, 'name order') < 0.20 then first_name
        else first_name || ' ' || last_name
    end as name,
    email,
    phone,
    created_at,
    created_at as updated_at,
    loaded(created_at) as _loaded_at

from person_records

where kind = 'support_requester'

order by created_at, source_id;

-- Whether and when a ticket is closed is drawn with it; a ticket that is still open now is closed by a later day.
create or replace temp macro ticket_closes_at(opened_at, k) as
    opened_at + to_seconds(floor(least(1500000, 130000 * exponential(k, 'closes')))::bigint);
create or replace temp macro ticket_satisfaction(k) as
    case when chance(k, 'rates') < ${ticket_rated} then list_extract([5, 4, 1, 2, 3, 5, 4, 2], choice(k, 'rating', 8)) end;

insert into support.tickets by name
with

requesters as (

    select
        *,
        poisson_step(
            0.9 * greatest(0, epoch(timestamp '${until}' - greatest(timestamp '${from}', created_at)) / 31557600),
            rk, 'tickets ${from}'
        ) as step

    from planned_records

    where
        kind = 'support_requester'
        and created_at < timestamp '${until}'

),

repeated as (

    select
        requesters.*,
        unnest(range(0, 1 + poisson_count(cumulated, rk, 'tickets ${from}'))) as candidate

    from requesters

    inner join poisson_steps
        on requesters.step = poisson_steps.step

),

-- The first ticket is what made the requester.
timed as (

    select
        source_id as requester_id,
        record_no,
        ${from_day} * 1000 + candidate as ordinal,
        if(
            candidate = 0, created_at,
            greatest(created_at, moment_of(
                date_trunc('day', greatest(timestamp '${from}', created_at) + to_seconds(floor(
                    chance(part_key(rk, ${from_day} * 1000 + candidate), 'opened')
                    * epoch(timestamp '${until}' - greatest(timestamp '${from}', created_at))
                )::bigint)),
                part_key(rk, ${from_day} * 1000 + candidate), 'opened at'
            ))
        ) as opened_at

    from repeated

    where candidate > 0 or created_at >= timestamp '${from}'

),

numbered as (

    select
        requester_id,
        opened_at,
        ${last_ticket} + row_number() over (order by opened_at, record_no, ordinal) as ticket_no

    from timed

),

keyed as (

    select
        *,
        key_of(ticket_no, 'ticket') as tk

    from numbered

)

select
    ticket_no::varchar as ticket_id,
    requester_id,
    opened_at,
    if(ticket_closes_at(opened_at, tk) < timestamp '${until}', ticket_closes_at(opened_at, tk), null) as closed_at,
    list_extract(['email', 'chat', 'phone', 'store'], zipf(tk, 'channel', 4, 3)) as channel,
    list_extract(['delivery', 'return', 'product', 'payment', 'account'], zipf(tk, 'topic', 5, 3)) as topic,
    if(ticket_closes_at(opened_at, tk) < timestamp '${until}', 'closed', 'open') as status,
    if(ticket_closes_at(opened_at, tk) < timestamp '${until}', ticket_satisfaction(tk), null) as satisfaction,
    loaded(
        if(ticket_closes_at(opened_at, tk) < timestamp '${until}', ticket_closes_at(opened_at, tk), opened_at)
    ) as _loaded_at

from keyed

order by ticket_no;

update support.tickets
set
    closed_at = closing.closes_at,
    status = 'closed',
    satisfaction = closing.satisfaction,
    _loaded_at = loaded(closing.closes_at)

from (
    select
        ticket_id,
        ticket_closes_at(opened_at, key_of(cast(ticket_id as bigint), 'ticket')) as closes_at,
        ticket_satisfaction(key_of(cast(ticket_id as bigint), 'ticket')) as satisfaction

    from support.tickets

    where status = 'open'
) as closing

where
    tickets.ticket_id = closing.ticket_id
    and closing.closes_at < timestamp '${until}';
