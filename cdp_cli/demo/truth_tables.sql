-- What only evaluation and tests may read: who the people really are and which record is whose.

create schema if not exists truth;
create table truth.people (
    person_id varchar,
    household_id varchar,
    first_name varchar,
    nickname varchar,
    last_name varchar,
    former_last_name varchar,
    gender varchar,
    birth_date date,
    email varchar,
    former_email varchar,
    family_email varchar,        -- null for people who live alone
    mobile varchar,              -- E.164
    landline varchar,            -- E.164, the household's
    street varchar,
    city varchar,
    postcode varchar,
    former_street varchar,
    former_city varchar,
    former_postcode varchar,
    country varchar,
    language varchar,
    national_id varchar,
    role varchar,                -- head, partner, child, flatmate
    joined_at timestamp,         -- became a customer, or a visitor or lead
    left_at timestamp,           -- stops buying; can lie in the future
    is_buyer boolean,
    discovers_early boolean,     -- the planted behaviour
    orders_a_year double,
    store_share double,
    price_sensitivity double,
    interest double,             -- in browsing, mean 1
    email_interest double,       -- 0 to 1
    favourite_category_rank bigint,
    household_size bigint,
    household_no bigint,
    person_no bigint,
    k ubigint,
    hk ubigint
);

create table truth.records (
    record_id varchar,
    person_id varchar,
    household_id varchar
);
-- What is behind the records that are shared values, to go on counting by.
create table truth.shared_values (
    record_id varchar,
    person_no bigint,
    row_count bigint
);
create table truth.devices (
    anonymous_id varchar,
    user_id varchar,
    is_identified boolean,
    has_unknown_rows boolean,    -- rows without a user
    person_no bigint,
    visit_count bigint
);

-- One row: what made the demo, and how far it has come.
create table truth.demo (
    seed varchar,
    customers bigint,
    began_on date,
    today date,
    people_limit bigint,
    days_advanced bigint
);
