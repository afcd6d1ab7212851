-- The web shop and app: visits and their events, on phones, computers and app installations.
--
-- The tool keeps ${web_days} days. A visit is a purchase (of an online order), a cart left behind, or browsing; a
-- visitor is a customer or a stranger. Events after a login carry user_id; an `identify` event marks the login,
-- or, with an e-mail and no user, a guest checkout or a click in a newsletter.

create or replace temp table visits as
with

visitors as (

    select
        *,
        greatest(timestamp '${web_from}', joined_at - interval '10 days') as active_from,
        least(timestamp '${until}', left_at + interval '60 days') as active_until

    from actors

),

exposures as (

    select
        *,
        poisson_step(
            ${sessions_a_year} * interest * epoch(active_until - active_from) / 31557600, k, 'visits ${from}'
        ) as step

    from visitors

    where active_until > active_from

),

browsing as (

    select
        exposures.person_no,
        unnest(range(1, 1 + poisson_count(cumulated, k, 'visits ${from}'))) as candidate,
        exposures.k,
        active_from,
        active_until

    from exposures

    inner join poisson_steps
        on exposures.step = poisson_steps.step

),

browsing_keyed as (

    select
        *,
        ${from_day} * 1000 + candidate as visit_no,
        part_key(k, 500000000 + ${from_day} * 1000 + candidate) as vk

    from browsing

),

customer_visits as (

    select
        person_no,
        visit_no,
        vk,
        moment_of(date_trunc('day', active_from + to_seconds(
            floor(chance(vk, 'day') * epoch(active_until - active_from))::bigint
        )), vk, 'time') as seen_at,
        if(chance(vk, 'cart') < ${abandons_cart}, 'cart', 'browse') as kind,
        null::bigint as purchase_no,
        0 as lines

    from browsing_keyed

    union all

    -- The visit of an order: its number is beyond those of the browsing.
    select
        person_no,
        1000000000 + purchase_no as visit_no,
        part_key(ok, 77) as vk,
        bought_at - interval '14 minutes' as seen_at,
        'purchase' as kind,
        purchase_no,
        lines

    from online_orders

    where bought_at >= timestamp '${web_from}'

),

identified as (

    select
        customer_visits.*,
        actors.k,
        actors.hk,
        actors.household_no,
        actors.household_size,
        actors.role,
        actors.account_id,
        actors.favourite_category_rank,
        if(kind = 'purchase', online_orders.customer_id is not null, actors.account_at < customer_visits.seen_at) as has_account,
        if(
            online_orders.customer_id is null, online_orders.order_email, null
        ) as guest_email,
        actors.email as own_email,
        slot is not null and customer_visits.seen_at >= subscribed_at and customer_visits.seen_at < subscription_ends_at
        and days_since_newsletter(customer_visits.seen_at, slot) <= 2 and chance(vk, 'newsletter') < 0.45 as from_newsletter,
        chance(actors.k, 'app') < 0.15 and actors.account_at < customer_visits.seen_at as has_app,
        chance(vk, 'late') < ${late_rows} and kind = 'browse' as is_late

    from customer_visits

    inner join actors
        on customer_visits.person_no = actors.person_no

    left join online_orders
        on customer_visits.purchase_no = online_orders.purchase_no

),

on_device as (

    select
        *,
        case
            when coalesce(has_app, false) and chance(vk, 'device') < 0.40 then 3
            when chance(k, 'second device') < 0.30 and chance(vk, 'device') < 0.65 then 2
            else 1
        end as device_slot,
        household_size > 1 and chance(hk, 'family device') < ${family_device} as has_family_device

    from identified

),

placed as (

    select
        *,
        -- The family's device is the head's first one; the others use it now and then.
        has_family_device and device_slot = 1 and (role = 'head' or chance(vk, 'family') < 0.5) as on_family_device,
        case
            when device_slot = 3 then 'app'
            when device_slot = 2 then list_extract(['mobile', 'desktop', 'tablet'], choice(k, 'second kind', 3))
            when has_family_device and (role = 'head' or chance(vk, 'family') < 0.5)
                then list_extract(['desktop', 'tablet'], choice(hk, 'family kind', 2))
            else list_extract(['mobile', 'mobile', 'desktop'], choice(k, 'first kind', 3))
        end as device_type,
        case
            when kind = 'purchase' then has_account
            when device_slot = 3 then true
            else coalesce(has_account, false) and chance(vk, 'login') < ${logs_in}
        end as logs_in

    from on_device

),

strangers_a_day as (

    select
        days.range as day_no,
        unnest(range(1, 1 + floor(
            ${strangers_a_day} + chance(key_of(days.range, 'strangers'), 'count')
        )::bigint)) as ordinal

    from range(${web_from_day}, ${until_day}) as days

),

strangers as (

    select
        day_no * 100000 + ordinal as stranger_no,
        day_no,
        key_of(day_no * 100000 + ordinal, 'stranger') as sk

    from strangers_a_day

),

all_visits as (

    select
        person_no,
        hex_id(person_no, visit_no, 'session') as session_id,
        if(on_family_device, hex_id(household_no, 1000, 'device'), hex_id(person_no, device_slot, 'device')) as anonymous_id,
        vk,
        seen_at,
        if(is_late, seen_at - to_days(choice(vk, 'late by', 3)::integer), seen_at) as started_at,
        kind,
        purchase_no,
        lines,
        favourite_category_rank,
        device_type,
        if(logs_in, account_id, null) as user_id,
        -- A click in a newsletter tells who it was sent to.
        case
            when logs_in then null
            when guest_email is not null then guest_email
            when from_newsletter and chance(vk, 'click identifies') < 0.6 then own_email
        end as traits_email,
        case
            when from_newsletter then 'newsletter'
            else list_extract(
                ['direct', 'direct', 'google', 'google_ads', 'direct', 'instagram', 'google', 'affiliate'],
                choice(vk, 'came from', 8)
            )
        end as came_from

    from placed

    union all

    select
        null as person_no,
        hex_id(stranger_no % 4294967296, visits.range, 'stranger session') as session_id,
        hex_id(stranger_no % 4294967296, 2000 + stranger_no // 4294967296, 'stranger device') as anonymous_id,
        part_key(sk, visits.range) as vk,
        moment_of(timestamp '1970-01-01' + to_days(day_no::integer), part_key(sk, visits.range), 'time') as seen_at,
        moment_of(timestamp '1970-01-01' + to_days(day_no::integer), part_key(sk, visits.range), 'time') as started_at,
        if(chance(part_key(sk, visits.range), 'cart') < 0.08, 'cart', 'browse') as kind,
        null as purchase_no,
        0 as lines,
        choice(sk, 'category', 9) as favourite_category_rank,
        list_extract(['mobile', 'mobile', 'desktop', 'tablet'], choice(sk, 'device', 4)) as device_type,
        null as user_id,
        null as traits_email,
        list_extract(
            ['google', 'google_ads', 'instagram', 'direct', 'google', 'affiliate'],
            choice(part_key(sk, visits.range), 'came from', 6)
        ) as came_from

    from strangers

    cross join range(0, 2) as visits

    where visits.range < if(chance(sk, 'twice') < 0.25, 2, 1)

),

counted as (

    select
        *,
        choice(vk, 'pages', 3) as pages,
        case kind
            when 'purchase' then lines + floor(3 * chance(vk, 'views'))::bigint
            when 'cart' then choice(vk, 'views', 4)
            else floor(4.5 * chance(vk, 'views'))::bigint
        end as views,
        case kind when 'purchase' then lines when 'cart' then choice(vk, 'adds', 2) else 0 end as adds,
        case when kind = 'cart' and chance(vk, 'removes') < 0.15 then 1 else 0 end as removals,
        case when kind = 'purchase' or (kind = 'cart' and chance(vk, 'checkout') < 0.3) then 1 else 0 end as checkouts,
        if(kind = 'purchase', 1, 0) as completions,
        if(chance(vk, 'same category') < 0.6, favourite_category_rank, zipf(vk, 'category', 9, 6)) as category_rank

    from all_visits

)

select
    *,
    pages + views + adds + removals + checkouts + completions + if(user_id is not null or traits_email is not null, 1, 0)
        as steps,
    -- Where in the visit the person became known: at once in the app and from a newsletter, else on the way.
    case
        when user_id is null and traits_email is null then null
        when device_type = 'app' or came_from = 'newsletter' then 1
        when kind = 'purchase' then choice(vk, 'identified at', pages + views + adds + 1)
        else choice(vk, 'identified at', pages + views)
    end as identified_at

from counted;

-- The lines of the orders that were made in these visits.
create or replace temp table visit_lines as
select
    purchase_lines.purchase_no,
    purchase_lines.line,
    purchase_lines.product_no

from purchase_lines

inner join visits
    on purchase_lines.purchase_no = visits.purchase_no

where purchase_lines.is_online;

insert into web.events by name
with

steps as (

    select
        *,
        unnest(range(1, 1 + steps)) as step

    from visits

),

stepped as (

    select
        *,
        part_key(vk, step) as ek,
        if(step > identified_at, step - 1, step) as place

    from steps

),

named as (

    select
        *,
        case
            when step = identified_at then 'identify'
            when place <= pages then 'page_viewed'
            when place <= pages + views then 'product_viewed'
            when place <= pages + views + adds then 'product_added'
            when place <= pages + views + adds + removals then 'product_removed'
            when place <= pages + views + adds + removals + checkouts then 'checkout_started'
            else 'order_completed'
        end as event

    from stepped

),

lined as (

    select
        *,
        -- Of a purchase, the line that is looked at or added; of a cart, what was looked at before.
        case
            when event = 'product_viewed' then place - pages
            when event = 'product_added' then place - pages - views
            when event = 'product_removed' then 1
        end as line

    from named

),

shown as (

    select
        lined.*,
        coalesce(
            visit_lines.product_no,
            product_no(
                lined.category_rank,
                zipf(part_key(lined.vk, coalesce(lined.line, 1)), 'product', categories.products, 4)
            )
        ) as shown_no

    from lined

    inner join categories
        on lined.category_rank = categories.category_rank

    left join visit_lines
        on
            lined.purchase_no = visit_lines.purchase_no
            and lined.line = visit_lines.line

)

select
    shown.session_id || '-' || shown.step::varchar as event_id,
    shown.anonymous_id,
    if(shown.step >= shown.identified_at, shown.user_id, null) as user_id,
    shown.session_id,
    shown.event,
    shown.started_at + to_seconds((shown.step - 1) * 38 + floor(30 * chance(shown.ek, 'second'))::bigint) as occurred_at,
    case
        when shown.event = 'page_viewed' then
            list_extract(['/', '/sale', '/new', '/category/' || lower(products.category)], choice(shown.ek, 'page', 4))
        when shown.line is not null then '/product/' || lower(products.product_id)
        when shown.event = 'identify' then '/account'
        else '/checkout'
    end as url,
    if(shown.line is not null, products.product_id, null) as product_id,
    if(shown.line is not null, products.category, null) as category,
    case shown.came_from when 'google_ads' then 'google' when 'direct' then null else shown.came_from end as utm_source,
    case shown.came_from
        when 'newsletter' then 'email'
        when 'google_ads' then 'cpc'
        when 'google' then 'organic'
        when 'instagram' then 'social'
        when 'affiliate' then 'referral'
    end as utm_medium,
    case shown.came_from
        when 'newsletter' then 'NEWS' || strftime(shown.started_at, '%y%m')
        when 'google_ads' then 'brand'
        when 'instagram' then 'looks'
    end as utm_campaign,
    shown.device_type,
    if(shown.event = 'identify', shown.traits_email, null) as traits_email,
    loaded(shown.seen_at) as _loaded_at

from shown

inner join products
    on shown.shown_no = products.product_no;
