-- The web shop: accounts, orders (a part of them by guests), their lines, and what came back.

insert into shop.customers by name
select
    source_id as id,
    email,
    first_name,
    last_name,
    phone,
    birth_date::varchar as date_of_birth,
    street as address1,
    city,
    zip,
    country as country_code,
    chance(rk, 'marketing') < ${account_marketing} as accepts_marketing,
    created_at,
    created_at as updated_at,
    loaded(created_at) as _loaded_at

from person_records

where kind = 'shop_customer'

order by created_at, source_id;

create or replace temp table online_orders as
with

addressed as (

    select
        purchases.*,
        purchases.account_at is null
        or purchases.account_at > purchases.bought_at
        or chance(purchases.ok, 'guest') < ${guest_checkout} as is_guest,
        people.email as own_email,
        people.former_email,
        people.family_email

    from purchases

    inner join truth.people as people
        on purchases.person_no = people.person_no

    where purchases.is_online

)

select
    addressed.*,
    addressed.purchase_no::varchar as order_id,
    if(is_guest, null, account_id) as customer_id,
    case
        when not is_guest and customers.email is not null then customers.email
        when chance(ok, 'email kind') < ${email_junk} then pool_junk_email(ok, 'junk email')
        -- A guest uses the same address each time, now and then mistyped.
        when chance(k, 'guest email') < ${email_family} and family_email is not null then family_email
        when chance(k, 'guest email') < ${email_family} + ${email_former} then former_email
        when chance(ok, 'email typo') < ${email_typo} * 0.3
            then typing_error(split_part(own_email, '@', 1), ok, 'email typo') || '@' || split_part(own_email, '@', 2)
        else own_email
    end as order_email

from addressed

left join shop.customers as customers
    on addressed.account_id = customers.id;

insert into shop.orders by name
select
    online_orders.order_id as id,
    online_orders.customer_id,
    online_orders.order_email as email,
    online_orders.bought_at as created_at,
    case
        when chance(ok, 'status') < ${cancelled} then 'cancelled'
        when online_orders.bought_at > timestamp '${until}' - interval '2 hours' then 'pending'
        else 'paid'
    end as status,
    purchase_sums.gross,
    purchase_sums.discount,
    purchase_sums.gross - purchase_sums.discount as total,
    online_orders.currency,
    online_orders.discount_code,
    loaded(online_orders.seen_at) as _loaded_at

from online_orders

inner join purchase_sums
    on
        online_orders.purchase_no = purchase_sums.purchase_no
        and purchase_sums.is_online

order by online_orders.purchase_no;

insert into shop.order_items by name
select
    purchase_lines.purchase_no::varchar || '-' || purchase_lines.line::varchar as id,
    online_orders.order_id,
    purchase_lines.product_id,
    purchase_lines.title,
    purchase_lines.category,
    purchase_lines.quantity,
    purchase_lines.unit_price,
    purchase_lines.discount,
    purchase_lines.gross - purchase_lines.discount as total,
    loaded(online_orders.seen_at) as _loaded_at

from purchase_lines

inner join online_orders
    on purchase_lines.purchase_no = online_orders.purchase_no

where purchase_lines.is_online

order by purchase_lines.purchase_no, purchase_lines.line;

-- An order comes back 4 to 30 days later; whether it will was drawn when it was made, so read them again.
insert into shop.returns by name
with

recent as (

    select
        orders.*,
        key_of(cast(orders.id as bigint), 'return') as rk

    from shop.orders as orders

    where
        orders.created_at >= timestamp '${from}' - interval '31 days'
        and orders.status <> 'cancelled'

),

returned as (

    select
        *,
        created_at + to_seconds(floor(86400 * (4 + 26 * pow(chance(rk, 'days'), 2)))::bigint) as returned_at

    from recent

    where chance(rk, 'returned') < ${returned}

)

select
    'R' || id as id,
    id as order_id,
    returned_at as created_at,
    if(
        chance(rk, 'whole') < 0.6, total,
        cast(round(total * cast(0.3 + 0.5 * chance(rk, 'part') as decimal(6, 4)), 2) as decimal(12, 2))
    ) as refund,
    list_extract(
        ['too_small', 'too_large', 'changed_mind', 'not_as_described', 'damaged', 'late'], zipf(rk, 'reason', 6, 4)
    ) as reason,
    loaded(returned_at) as _loaded_at

from returned

where
    returned_at >= timestamp '${from}'
    and returned_at < timestamp '${until}'

order by returned_at, id;
