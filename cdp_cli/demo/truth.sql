-- The truth: which person is behind each record, by the record ids that staging makes.
--
-- Guests, buyers known by a receipt, and visitors are in no table of people: their record is a shared value. It
-- belongs to the person with most rows behind it. Nobody can tell who is behind a device on which no one ever
-- said who they are, nor behind the rest of a device on which two or more logged in: person_id is null there.

insert into truth.records
select
    record_id,
    person_id,
    household_id

from person_records

order by record_id;

create or replace temp table new_values as
select
    'shop_guest:' || md5(lower(trim(order_email))) as record_id,
    person_no,
    count(*) as row_count

from online_orders

where customer_id is null

group by
    record_id,
    person_no

union all

select
    'pos_buyer:' || md5(coalesce(phone, email)) as record_id,
    person_no,
    count(*) as row_count

from store_receipts

where
    loyalty_id is null
    and coalesce(phone, email) is not null

group by
    record_id,
    person_no;

insert into truth.shared_values
select *

from new_values

order by
    record_id,
    person_no;

delete from truth.records
where record_id in (select record_id from new_values);

insert into truth.records
with

counted as (

    select
        record_id,
        person_no,
        sum(row_count) as row_count

    from truth.shared_values

    where record_id in (select record_id from new_values)

    group by
        record_id,
        person_no

),

ranked as (

    select
        *,
        row_number() over (partition by record_id order by row_count desc, person_no) as place

    from counted

)

select
    ranked.record_id,
    people.person_id,
    people.household_id

from ranked

inner join truth.people as people
    on ranked.person_no = people.person_no

where ranked.place = 1

order by ranked.record_id;

create or replace temp table new_devices as
select
    anonymous_id,
    user_id,
    identified_at is not null as is_identified,
    -- A visit without a login, or with pages before it, leaves rows that carry no user.
    bool_or(user_id is null or identified_at > 1) as has_unknown_rows,
    person_no,
    count(*) as visit_count

from visits

group by
    anonymous_id,
    user_id,
    is_identified,
    person_no;

insert into truth.devices
select *

from new_devices

order by
    anonymous_id,
    user_id,
    person_no,
    is_identified;

create or replace temp table touched_devices as
select distinct anonymous_id

from new_devices;

delete from truth.records
where
    starts_with(record_id, 'web_visitor:')
    and split_part(record_id, ':', 2) in (select anonymous_id from touched_devices);

insert into truth.records
with

touched as (

    select devices.*

    from truth.devices as devices

    inner join touched_devices
        on devices.anonymous_id = touched_devices.anonymous_id

),

devices as (

    select
        anonymous_id,
        count(distinct user_id) as users,
        bool_or(has_unknown_rows) as has_unknown_rows

    from touched

    group by anonymous_id

),

votes as (

    select
        devices.anonymous_id,
        case when devices.users > 1 then touched.user_id end as user_id,
        touched.person_no,
        devices.users,
        sum(touched.visit_count) as visits

    from touched

    inner join devices
        on touched.anonymous_id = devices.anonymous_id

    where
        (devices.users > 0 and touched.user_id is not null)
        or (devices.users = 0 and touched.is_identified)

    group by all

),

ranked as (

    select
        *,
        row_number() over (partition by anonymous_id, user_id order by visits desc, person_no) as place

    from votes

),

owned as (

    select
        'web_visitor:' || anonymous_id || coalesce(':' || user_id, '') as record_id,
        person_no

    from ranked

    where place = 1

),

unknown as (

    select
        'web_visitor:' || devices.anonymous_id as record_id,
        null::bigint as person_no

    from devices

    left join (
        select distinct anonymous_id

        from touched

        where is_identified
    ) as identified
        on devices.anonymous_id = identified.anonymous_id

    where
        (devices.users > 1 and devices.has_unknown_rows)
        or identified.anonymous_id is null

),

all_records as (

    select * from owned

    union all

    select * from unknown

)

select
    all_records.record_id,
    people.person_id,
    people.household_id

from all_records

left join truth.people as people
    on all_records.person_no = people.person_no

order by all_records.record_id;
