-- The people who changed on the day, in the truth and in the sources that were told; after addresses.sql.

create or replace temp table renamed as
with

chosen as (

    select
        person_no,
        k,
        language

    from truth.people

    order by chance(k, 'new surname ${from}'), person_no

    limit ${renamed_people}

),

sizes as (

    select distinct
        language as of_language,
        names

    from surnames

)

select
    chosen.person_no,
    surnames.surname as last_name

from chosen

inner join sizes
    on chosen.language = sizes.of_language

inner join surnames
    on surname_no(
        chosen.language, zipf(part_key(chosen.k, ${from_day}), 'new surname', sizes.names, 8)
    ) = surnames.surname_no;

create or replace temp table readdressed as
select
    person_no,
    letters_only(first_name) || '.' || letters_only(last_name) || '.${email_tag}'
    || ((person_no * 7919 + 4177) % ${people_limit})::varchar
    || '@' || pool_email_domain(part_key(k, ${from_day}), 'new email domain') as email

from truth.people

order by chance(k, 'new email ${from}'), person_no

limit ${readdressed_people};

create or replace temp table changed_people as
select
    people.person_no,
    addresses.household_no is not null as has_moved,
    renamed.person_no is not null as has_new_name,
    readdressed.person_no is not null as has_new_email,
    addresses.street,
    addresses.city,
    addresses.postcode,
    addresses.landline,
    renamed.last_name,
    readdressed.email

from truth.people as people

left join addresses
    on people.household_no = addresses.household_no

left join renamed
    on people.person_no = renamed.person_no

left join readdressed
    on people.person_no = readdressed.person_no

where
    addresses.household_no is not null
    or renamed.person_no is not null
    or readdressed.person_no is not null;

update truth.people
set
    former_street = if(has_moved, people.street, former_street),
    former_city = if(has_moved, people.city, former_city),
    former_postcode = if(has_moved, people.postcode, former_postcode),
    street = if(has_moved, changed_people.street, people.street),
    city = if(has_moved, changed_people.city, people.city),
    postcode = if(has_moved, changed_people.postcode, people.postcode),
    landline = if(has_moved, changed_people.landline, people.landline),
    former_last_name = if(has_new_name, people.last_name, former_last_name),
    last_name = if(has_new_name, changed_people.last_name, people.last_name),
    former_email = if(has_new_email, people.email, former_email),
    email = if(has_new_email, changed_people.email, people.email)

from changed_people

where people.person_no = changed_people.person_no;

create or replace temp table told as
select
    changed_people.*,
    planned_records.kind,
    planned_records.source_id,
    moment_of(timestamp '${from}', part_key(planned_records.rk, ${from_day}), 'told') as told_at

from changed_people

inner join planned_records
    on changed_people.person_no = planned_records.person_no

where
    planned_records.created_at < timestamp '${from}'
    and chance(part_key(planned_records.rk, ${from_day}), 'tells us') < ${tells_us};

update crm.contacts
set
    last_name = if(has_new_name, told.last_name, contacts.last_name),
    email = if(has_new_email, told.email, contacts.email),
    street = if(has_moved, told.street, contacts.street),
    city = if(has_moved, told.city, contacts.city),
    zip = if(has_moved, told.postcode, contacts.zip),
    updated_at = told_at,
    _loaded_at = loaded(told_at)

from told

where
    told.kind = 'crm_contact'
    and contacts.contact_id = told.source_id;

update crm.households
set
    street = homes.street,
    city = homes.city,
    zip = homes.postcode,
    updated_at = homes.told_at,
    _loaded_at = loaded(homes.told_at)

from (
    select
        contacts.household_id,
        any_value(told.street) as street,
        any_value(told.city) as city,
        any_value(told.postcode) as postcode,
        max(told.told_at) as told_at

    from told

    inner join crm.contacts as contacts
        on told.source_id = contacts.contact_id

    where
        told.kind = 'crm_contact'
        and told.has_moved

    group by contacts.household_id
) as homes

where households.household_id = homes.household_id;

update shop.customers
set
    last_name = if(has_new_name, told.last_name, customers.last_name),
    email = if(has_new_email, told.email, customers.email),
    address1 = if(has_moved, told.street, customers.address1),
    city = if(has_moved, told.city, customers.city),
    zip = if(has_moved, told.postcode, customers.zip),
    updated_at = told_at,
    _loaded_at = loaded(told_at)

from told

where
    told.kind = 'shop_customer'
    and customers.id = told.source_id;

update pos.members
set
    last_name = if(has_new_name, told.last_name, members.last_name),
    email = if(has_new_email, told.email, members.email),
    zip = if(has_moved, told.postcode, members.zip),
    updated_at = told_at,
    _loaded_at = loaded(told_at)

from told

where
    told.kind = 'pos_member'
    and members.loyalty_id = told.source_id;

update email.subscribers
set
    last_name = if(has_new_name, told.last_name, subscribers.last_name),
    email = if(has_new_email, told.email, subscribers.email),
    updated_at = told_at,
    _loaded_at = loaded(told_at)

from told

where
    told.kind = 'email_subscriber'
    and (has_new_name or has_new_email)
    and subscribers.subscriber_id = told.source_id;

-- Withdrawals: from the account's preference page, or by a newsletter's link.
create or replace temp table withdrawing as
with

consenting as (

    select
        planned_records.person_no,
        customers.id as customer_id,
        null as email

    from shop.customers as customers

    inner join planned_records
        on
            customers.id = planned_records.source_id
            and planned_records.kind = 'shop_customer'

    where
        customers.accepts_marketing
        and customers.created_at < timestamp '${from}'

    union all

    select
        planned_records.person_no,
        null as customer_id,
        subscribers.email

    from email.subscribers as subscribers

    inner join planned_records
        on
            subscribers.subscriber_id = planned_records.source_id
            and planned_records.kind = 'email_subscriber'

    where
        subscribers.status = 'subscribed'
        and subscribers.subscribed_at < timestamp '${from}'

),

people as (

    select
        person_no,
        key_of(person_no, 'person') as k,
        min(customer_id) as customer_id,
        min(email) as email

    from consenting

    group by person_no

)

select *

from people

order by chance(k, 'withdraws ${from}'), person_no

limit ${withdrawing_people};

insert into consent.events by name
select
    'W${from_day}-' || key_of(person_no, 'withdrawal')::varchar as id,
    if(customer_id is null, 'email', 'customer_id') as subject_type,
    coalesce(customer_id, email) as subject,
    if(chance(k, 'withdraws all ${from}') < 0.25, '*', 'marketing_email') as purpose,
    'withdrawn' as action,
    'consent' as legal_basis,
    moment_of(timestamp '${from}', k, 'withdraws at') as captured_at,
    loaded(moment_of(timestamp '${from}', k, 'withdraws at')) as _loaded_at

from withdrawing

order by id;

update shop.customers
set
    accepts_marketing = false,
    updated_at = moment_of(timestamp '${from}', withdrawing.k, 'withdraws at'),
    _loaded_at = loaded(moment_of(timestamp '${from}', withdrawing.k, 'withdraws at'))

from withdrawing

where customers.id = withdrawing.customer_id;

update shop.orders
set
    status = 'paid',
    _loaded_at = timestamp '${from}' + interval '3 hours'

where
    status = 'pending'
    and created_at < timestamp '${from}';

-- The support tool's export has this column since its upgrade.
update support.tickets
set priority = list_extract(['normal', 'high', 'low', 'urgent'], zipf(key_of(cast(ticket_id as bigint), 'priority'), 'priority', 4, 2))

where opened_at >= timestamp '${from}';

update truth.demo
set
    today = today + 1,
    days_advanced = days_advanced + 1;
