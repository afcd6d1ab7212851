-- Consent: the banner on each device, sign-up forms, accounts, loyalty forms, withdrawals and GPC signals.

insert into consent.events by name
with

new_devices as (

    select
        visits.anonymous_id,
        min(visits.started_at) as captured_at,
        min(visits.vk) as ck

    from visits

    left join truth.devices as known
        on visits.anonymous_id = known.anonymous_id

    where known.anonymous_id is null

    group by visits.anonymous_id

),

banner as (

    select
        'B' || left(purposes.purpose, 2) || anonymous_id as id,
        'anonymous_id' as subject_type,
        anonymous_id as subject,
        purposes.purpose,
        if(chance(part_key(ck, purposes.place), 'banner') < ${cookies_granted}, 'granted', 'denied') as action,
        'consent' as legal_basis,
        captured_at + interval '9 seconds' as captured_at

    from new_devices

    cross join (values ('analytics', 1), ('advertising', 2), ('personalisation', 3)) as purposes (purpose, place)

    where chance(ck, 'ignores') >= ${banner_ignored}

),

gpc as (

    select
        'G' || anonymous_id as id,
        'anonymous_id' as subject_type,
        anonymous_id as subject,
        'advertising' as purpose,
        'gpc' as action,
        null as legal_basis,
        captured_at

    from new_devices

    where chance(ck, 'gpc') < ${gpc}

),

newsletter_forms as (

    select
        'N' || source_id as id,
        'email' as subject_type,
        email as subject,
        'marketing_email' as purpose,
        'granted' as action,
        'consent' as legal_basis,
        created_at as captured_at

    from person_records

    where
        kind = 'email_subscriber'
        and chance(rk, 'form') < ${email_granted}

),

unsubscribed as (

    select
        'U' || subscribers.subscriber_id as id,
        'email' as subject_type,
        subscribers.email as subject,
        'marketing_email' as purpose,
        'withdrawn' as action,
        'consent' as legal_basis,
        subscribers.updated_at as captured_at

    from email.subscribers as subscribers

    inner join planned_records
        on
            subscribers.subscriber_id = planned_records.source_id
            and planned_records.kind = 'email_subscriber'

    where
        subscribers.status in ('unsubscribed', 'complained')
        and subscribers.updated_at >= timestamp '${from}'
        and chance(planned_records.rk, 'withdraws') < ${withdrawn_with_unsubscribe}

),

accounts as (

    select
        'A' || left(purposes.purpose, 3) || id as id,
        'customer_id' as subject_type,
        customers.id as subject,
        purposes.purpose,
        case purposes.purpose
            when 'service' then 'granted'
            when 'personalisation' then if(key_of(cast(customers.id as bigint), 'personal') % 10 < 7, 'granted', 'denied')
            when 'marketing_email' then if(customers.accepts_marketing, 'granted', 'denied')
            else if(customers.accepts_marketing and key_of(cast(customers.id as bigint), 'ads') % 10 < 7, 'granted', 'denied')
        end as action,
        if(purposes.purpose = 'service', 'contract', 'consent') as legal_basis,
        customers.created_at as captured_at

    from shop.customers as customers

    cross join (
        values ('service'), ('marketing_email'), ('personalisation'), ('advertising')
    ) as purposes (purpose)

    where customers.created_at >= timestamp '${from}'

),

loyalty_forms as (

    select
        'M' || left(purposes.purpose, 10) || source_id as id,
        'phone' as subject_type,
        phone as subject,
        purposes.purpose,
        'granted' as action,
        if(purposes.purpose = 'service', 'contract', 'consent') as legal_basis,
        created_at as captured_at

    from person_records

    cross join (values ('service'), ('marketing_sms')) as purposes (purpose)

    where
        kind = 'pos_member'
        and phone is not null
        and (purposes.purpose = 'service' or chance(rk, 'sms') < ${sms_granted})

),

all_events as (

    select * from banner

    union all

    select * from gpc

    union all

    select * from newsletter_forms

    union all

    select * from unsubscribed

    union all

    select * from accounts

    union all

    select * from loyalty_forms

)

select
    *,
    -- A visit that came late brings its banner late.
    loaded(greatest(captured_at, timestamp '${from}')) as _loaded_at

from all_events

where captured_at < timestamp '${until}'

order by captured_at, id;
