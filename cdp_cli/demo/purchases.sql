-- Who buys what and when, online and in stores, between ${from} and ${until}.
--
-- A customer's orders are a Poisson process of the person's own rate, from the first order until the person
-- leaves, thinned by season, weekday and the newsletter's pull. That is the world that BG/NBD models assume,
-- disturbed as the real one is.

-- People with what the tools know of them.
create or replace temp table actors as
with

accounts as (

    select
        person_no,
        source_id,
        created_at

    from planned_records

    where kind = 'shop_customer' and not again

),

cards as (

    select
        person_no,
        source_id,
        created_at

    from planned_records

    where kind = 'pos_member'

),

newsletters as (

    select
        person_no,
        rk,
        created_at,
        subscription_end(created_at, rk) as ends_at,
        newsletter_slot(rk) as slot

    from planned_records

    where kind = 'email_subscriber' and not again

)

select
    people.*,
    greatest(
        moment_of(
            date_trunc('day', people.joined_at) + to_days(floor(20 * pow(chance(people.k, 'first order'), 2))::integer),
            people.k, 'first order at'
        ),
        people.joined_at + interval '25 minutes'
    ) as first_order_at,
    accounts.source_id as account_id,
    accounts.created_at as account_at,
    cards.source_id as card_id,
    cards.created_at as card_at,
    newsletters.created_at as subscribed_at,
    newsletters.ends_at as subscription_ends_at,
    newsletters.slot

from truth.people as people

left join accounts
    on people.person_no = accounts.person_no

left join cards
    on people.person_no = cards.person_no

left join newsletters
    on people.person_no = newsletters.person_no;

create or replace temp table purchases as
with

buyers as (

    select
        *,
        greatest(timestamp '${from}', date_trunc('day', first_order_at) + interval '1 day') as active_from,
        least(timestamp '${until}', left_at) as active_until,
        -- The most that season, weekday and newsletter can raise the rate.
        2.1 * (1 + ${campaign_effect} * if(slot is null, 0, email_interest)) as ceiling

    from actors

    where is_buyer

),

firsts as (

    select
        person_no,
        1 as ordinal,
        first_order_at as day

    from buyers

    where
        first_order_at >= timestamp '${from}'
        and first_order_at < timestamp '${until}'

),

-- The planted behaviour: another category, 3 to 27 days after the first order.
discoveries as (

    select
        person_no,
        2 as ordinal,
        date_trunc('day', first_order_at) + to_days((3 + floor(24 * chance(k, 'discovery')))::integer) as day

    from buyers

    where discovers_early

),

exposures as (

    select
        *,
        poisson_step(
            orders_a_year * ceiling * epoch(active_until - active_from) / 31557600, k, 'orders ${from}'
        ) as step

    from buyers

    where active_until > active_from

),

candidates as (

    select
        exposures.*,
        unnest(range(1, 1 + poisson_count(cumulated, k, 'orders ${from}'))) as candidate

    from exposures

    inner join poisson_steps
        on exposures.step = poisson_steps.step

),

keyed as (

    select
        *,
        ${from_day} * 1000 + candidate as ordinal,
        part_key(k, ${from_day} * 1000 + candidate) as ok

    from candidates

),

dated as (

    select
        *,
        date_trunc('day', active_from + to_seconds(
            floor(chance(ok, 'day') * epoch(active_until - active_from))::bigint
        )) as day

    from keyed

),

weighed as (

    select
        person_no,
        ordinal,
        ok,
        ceiling,
        day,
        season(day) * weekday_pull(day) * (
            1 + if(
                slot is not null and day >= subscribed_at and day < subscription_ends_at,
                ${campaign_effect} * email_interest * pow(0.7, days_since_newsletter(day, slot)), 0
            )
        ) as pull

    from dated

),

arrivals as (

    select
        person_no,
        ordinal,
        day

    from firsts

    union all

    select
        person_no,
        ordinal,
        day

    from discoveries

    where
        day >= timestamp '${from}'
        and day < timestamp '${until}'

    union all

    select
        person_no,
        ordinal,
        day

    from weighed

    where chance(ok, 'keep') < pull / ceiling

),

described as (

    select
        arrivals.person_no,
        arrivals.ordinal,
        actors.k,
        part_key(actors.k, arrivals.ordinal) as ok,
        arrivals.day,
        actors.* exclude (person_no, k)

    from arrivals

    inner join actors
        on arrivals.person_no = actors.person_no

),

timed as (

    select
        *,
        if(
            ordinal = 1, first_order_at, moment_of(date_trunc('day', day), ok, 'time')
        ) as on_time_at,
        chance(ok, 'late') < ${late_rows} as is_late,
        chance(ok, 'channel') >= store_share as is_online,
        -- First orders are of one category, early discoveries of another.
        case ordinal
            when 1 then favourite_category_rank
            when 2 then 1 + (favourite_category_rank - 1 + choice(ok, 'other category', 8)) % 9
            else if(chance(ok, 'favourite') < 0.55, favourite_category_rank, zipf(ok, 'category', 9, 6))
        end as category_rank,
        slot is not null and day >= subscribed_at and day < subscription_ends_at
        and days_since_newsletter(day, slot) <= 3 as has_campaign

    from described

),

channelled as (

    select
        *,
        -- Tills that were offline send their receipts days later.
        if(is_late and not is_online and ordinal > 2, on_time_at - to_days(choice(ok, 'late by', 3)::integer), on_time_at)
            as bought_at,
        on_time_at as seen_at,
        chance(ok, 'discount') < least(0.9, price_sensitivity * if(has_campaign, 1.1, 0.5) + 0.03) as has_discount

    from timed

)

select
    person_no,
    ordinal,
    k,
    ok,
    bought_at,
    seen_at,
    is_online,
    category_rank,
    ordinal = 1 as is_first,
    1 + least(5, floor(exponential(ok, 'lines') * 1.1))::integer as lines,
    case when has_discount then list_extract([0.10, 0.15, 0.20, 0.30], zipf(ok, 'discount size', 4, 2)) else 0 end
        as discount_share,
    case
        when not has_discount then null
        when is_first then 'WELCOME10'
        when has_campaign then 'NEWS' || strftime(bought_at, '%y%m')
        when chance(ok, 'code') < 0.4 then 'SEASON' || quarter(bought_at)::varchar
    end as discount_code,
    case country when 'GB' then 'GBP' when 'US' then 'USD' else 'EUR' end as currency,
    account_id,
    account_at,
    card_id,
    card_at,
    household_id,
    row_number() over (partition by is_online order by seen_at, person_no, ordinal)
    + if(is_online, ${last_order}, ${last_receipt}) as purchase_no

from channelled;

create or replace temp table purchase_lines as
with

lines as (

    select
        *,
        unnest(range(1, 1 + lines)) as line

    from purchases

),

keyed as (

    select
        *,
        part_key(ok, line) as lk

    from lines

),

chosen as (

    select
        *,
        if(is_first or line = 1 or chance(lk, 'same category') < 0.7, category_rank, zipf(lk, 'category', 9, 6))
            as line_category_rank

    from keyed

),

priced as (

    select
        chosen.is_online,
        chosen.purchase_no,
        chosen.ok,
        chosen.line,
        products.product_no,
        products.product_id,
        products.title,
        products.category,
        case when chance(chosen.lk, 'quantity') < 0.85 then 1 when chance(chosen.lk, 'quantity') < 0.97 then 2 else 3 end
            as quantity,
        products.unit_price,
        chosen.discount_share

    from chosen

    inner join categories
        on chosen.line_category_rank = categories.category_rank

    inner join products
        on product_no(
            chosen.line_category_rank, zipf(chosen.lk, 'product', categories.products, 4)
        ) = products.product_no

)

select
    *,
    cast(quantity * unit_price as decimal(12, 2)) as gross,
    cast(round(quantity * unit_price * cast(discount_share as decimal(4, 2)), 2) as decimal(12, 2)) as discount

from priced;

create or replace temp table purchase_sums as
select
    is_online,
    purchase_no,
    sum(gross)::decimal(12, 2) as gross,
    sum(discount)::decimal(12, 2) as discount

from purchase_lines

group by
    is_online,
    purchase_no;
