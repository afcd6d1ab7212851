-- The stores: loyalty members, and receipts with a card, with a phone or an e-mail, or with nothing.

insert into pos.members by name
select
    source_id as loyalty_id,
    first_name,
    last_name,
    birth_date::varchar as birth_date,
    phone,
    email,
    if(chance(rk, 'zip') < 0.85, zip, null) as zip,
    created_at as joined_at,
    created_at as updated_at,
    loaded(created_at) as _loaded_at

from person_records

where kind = 'pos_member'

order by created_at, source_id;

create or replace temp table store_receipts as
with

shown as (

    select
        purchases.*,
        purchases.card_at <= purchases.bought_at and chance(purchases.ok, 'card') >= ${card_forgotten} as has_card,
        chance(purchases.ok, 'e-receipt') as e_receipt_draw,
        people.email as own_email,
        people.mobile,
        people.landline,
        people.country,
        people.hk

    from purchases

    inner join truth.people as people
        on purchases.person_no = people.person_no

    where not purchases.is_online

)

select
    *,
    if(has_card, card_id, null) as loyalty_id,
    case
        when coalesce(has_card, false) or e_receipt_draw >= ${e_receipt} * 0.6 then null
        when chance(ok, 'phone kind') < ${phone_junk} then pool_junk_phone(ok, 'junk phone')
        -- People write their number the same way every time.
        else written_phone(if(chance(k, 'till phone') < 0.15, landline, mobile), country, chance(k, 'till format'))
    end as phone,
    case
        when
            coalesce(has_card, false)
            or e_receipt_draw < ${e_receipt} * 0.6
            or e_receipt_draw >= ${e_receipt} then null
        when chance(ok, 'email kind') < ${email_junk} then pool_junk_email(ok, 'junk email')
        else own_email
    end as email

from shown;

insert into pos.receipts by name
select
    'T' || store_receipts.purchase_no::varchar as receipt_id,
    -- Most people go to the store near them.
    'S' || lpad(
        if(chance(ok, 'near') < 0.8, choice(hk, 'store', 24), choice(ok, 'store', 24))::varchar, 2, '0'
    ) as store_id,
    store_receipts.bought_at as sold_at,
    store_receipts.loyalty_id,
    store_receipts.phone,
    store_receipts.email,
    purchase_sums.gross,
    purchase_sums.discount,
    purchase_sums.gross - purchase_sums.discount as total,
    store_receipts.currency,
    loaded(store_receipts.seen_at) as _loaded_at

from store_receipts

inner join purchase_sums
    on
        store_receipts.purchase_no = purchase_sums.purchase_no
        and not purchase_sums.is_online

order by store_receipts.purchase_no;

insert into pos.receipt_items by name
select
    'T' || purchase_lines.purchase_no::varchar || '-' || purchase_lines.line::varchar as receipt_item_id,
    'T' || purchase_lines.purchase_no::varchar as receipt_id,
    purchase_lines.product_id as sku,
    purchase_lines.title as name,
    purchase_lines.category,
    purchase_lines.quantity,
    purchase_lines.unit_price,
    purchase_lines.discount,
    purchase_lines.gross - purchase_lines.discount as total,
    loaded(store_receipts.seen_at) as _loaded_at

from purchase_lines

inner join store_receipts
    on purchase_lines.purchase_no = store_receipts.purchase_no

where not purchase_lines.is_online

order by purchase_lines.purchase_no, purchase_lines.line;
