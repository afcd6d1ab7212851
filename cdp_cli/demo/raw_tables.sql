-- The demo retailer's raw tables, as its seven tools export them. `cdp demo` makes them; staging follows them.
--
-- Common to all: times are UTC; `_loaded_at` is when the loader wrote the row, and a row that changed at the
-- source is exported again in place (same id, later updated_at and _loaded_at). Empty values are null or ''.
-- E-mails and phones are as people typed them: mixed case, blanks, national or international format.
--
-- Which tables know each person once: pos.members only (a card is given against a document).
-- crm.contacts, crm.leads, shop.customers, email.subscribers and support.requesters hold duplicates.

create schema if not exists crm;
create schema if not exists shop;
create schema if not exists pos;
create schema if not exists web;
create schema if not exists email;
create schema if not exists support;
create schema if not exists consent;

-- CRM --------------------------------------------------------------------------------------------------------

create table crm.contacts (
    contact_id varchar,
    household_id varchar,        -- crm.households; null where the clerk linked none
    salutation varchar,          -- Mr, Mrs, Ms, Mx or null
    first_name varchar,          -- can be an initial ("J."), a nickname, or swapped with last_name
    last_name varchar,
    birthdate varchar,           -- 1984-03-09, 09/03/1984 (day first), 1984, or null
    gender varchar,              -- F, M, X or null
    email varchar,
    phone varchar,
    street varchar,
    city varchar,
    zip varchar,
    country varchar,             -- GB, DE, FR, NL, US
    national_id varchar,         -- sparse
    created_at timestamp,
    updated_at timestamp,
    _loaded_at timestamp
);

create table crm.households (
    household_id varchar,
    name varchar,                -- "Smith household"
    street varchar,
    city varchar,
    zip varchar,
    country varchar,
    updated_at timestamp,
    _loaded_at timestamp
);

create table crm.leads (
    lead_id varchar,
    name varchar,                -- in one piece
    email varchar,
    phone varchar,
    city varchar,
    lead_source varchar,         -- web_form, trade_fair, partner, competition
    status varchar,              -- new, contacted, converted, lost
    created_at timestamp,
    updated_at timestamp,
    _loaded_at timestamp
);

-- Web shop ---------------------------------------------------------------------------------------------------

create table shop.customers (
    id varchar,
    email varchar,
    first_name varchar,
    last_name varchar,
    phone varchar,
    date_of_birth varchar,       -- 1984-03-09 or null
    address1 varchar,
    city varchar,
    zip varchar,
    country_code varchar,
    accepts_marketing boolean,
    created_at timestamp,
    updated_at timestamp,
    _loaded_at timestamp
);

create table shop.orders (
    id varchar,
    customer_id varchar,         -- shop.customers; null at guest checkout
    email varchar,
    created_at timestamp,
    status varchar,              -- paid, pending, cancelled
    gross decimal(12, 2),
    discount decimal(12, 2),     -- positive
    total decimal(12, 2),        -- gross - discount
    currency varchar,            -- EUR, GBP, USD
    discount_code varchar,       -- the campaign's code, or null
    _loaded_at timestamp
);

create table shop.order_items (
    id varchar,
    order_id varchar,
    product_id varchar,          -- P0001; the same articles as pos sku and web product_id
    title varchar,
    category varchar,
    quantity integer,
    unit_price decimal(12, 2),
    discount decimal(12, 2),     -- positive
    total decimal(12, 2),        -- quantity * unit_price - discount
    _loaded_at timestamp
);

create table shop.returns (
    id varchar,
    order_id varchar,            -- shop.orders
    created_at timestamp,
    refund decimal(12, 2),       -- positive
    reason varchar,              -- too_small, too_large, damaged, not_as_described, changed_mind, late
    _loaded_at timestamp
);

-- Stores -----------------------------------------------------------------------------------------------------

create table pos.members (
    loyalty_id varchar,
    first_name varchar,
    last_name varchar,
    birth_date varchar,          -- 1984-03-09 or null
    phone varchar,
    email varchar,
    zip varchar,
    joined_at timestamp,
    updated_at timestamp,
    _loaded_at timestamp
);

create table pos.receipts (
    receipt_id varchar,
    store_id varchar,            -- S01, S02, ...
    sold_at timestamp,
    loyalty_id varchar,          -- pos.members, where the card was shown
    phone varchar,               -- where an e-receipt was asked for without a card
    email varchar,
    gross decimal(12, 2),
    discount decimal(12, 2),
    total decimal(12, 2),
    currency varchar,
    _loaded_at timestamp
);

create table pos.receipt_items (
    receipt_item_id varchar,
    receipt_id varchar,
    sku varchar,
    name varchar,
    category varchar,
    quantity integer,
    unit_price decimal(12, 2),
    discount decimal(12, 2),
    total decimal(12, 2),
    _loaded_at timestamp
);

-- Web and app ------------------------------------------------------------------------------------------------

create table web.events (
    event_id varchar,
    anonymous_id varchar,        -- a browser, or an installation of the app
    user_id varchar,             -- shop.customers.id, on events after a login; one device can see several
    session_id varchar,
    event varchar,               -- page_viewed, product_viewed, product_added, product_removed,
                                 -- checkout_started, order_completed, identify
    occurred_at timestamp,
    url varchar,
    product_id varchar,
    category varchar,
    utm_source varchar,
    utm_medium varchar,
    utm_campaign varchar,
    device_type varchar,         -- desktop, mobile, tablet, app
    traits_email varchar,        -- on identify
    _loaded_at timestamp
);

-- E-mail tool ------------------------------------------------------------------------------------------------

create table email.subscribers (
    subscriber_id varchar,
    email varchar,
    first_name varchar,
    last_name varchar,
    status varchar,              -- subscribed, unsubscribed, bounced, complained
    subscribed_at timestamp,
    updated_at timestamp,
    _loaded_at timestamp
);

create table email.events (
    event_id varchar,
    subscriber_id varchar,
    message_id varchar,
    campaign_id varchar,
    event varchar,               -- sent, delivered, open, click, bounce, unsubscribe, complaint
    bounce_type varchar,         -- hard, soft
    occurred_at timestamp,
    _loaded_at timestamp
);

-- Support desk -----------------------------------------------------------------------------------------------

create table support.requesters (
    requester_id varchar,
    name varchar,                -- in one piece, some as "Surname, First"
    email varchar,
    phone varchar,
    created_at timestamp,
    updated_at timestamp,
    _loaded_at timestamp
);

create table support.tickets (
    ticket_id varchar,
    requester_id varchar,
    opened_at timestamp,
    closed_at timestamp,
    channel varchar,             -- email, phone, chat, store
    topic varchar,               -- delivery, return, product, payment, account
    status varchar,              -- open, closed
    satisfaction integer,        -- 1 (worst) to 5, where the customer answered
    _loaded_at timestamp         -- the first `cdp demo --advance` adds `priority varchar` after it: schema drift
);

-- Consent banner, forms and preference centre ----------------------------------------------------------------

create table consent.events (
    id varchar,
    subject_type varchar,        -- anonymous_id, email, customer_id (shop.customers.id), phone
    subject varchar,
    purpose varchar,             -- marketing_email, marketing_sms, advertising, personalisation, analytics,
                                 -- service, or * for all
    action varchar,              -- granted, denied, withdrawn, gpc
    legal_basis varchar,         -- consent, contract, legitimate_interest
    captured_at timestamp,
    _loaded_at timestamp
);
