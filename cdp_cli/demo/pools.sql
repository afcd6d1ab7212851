-- What people are made of: names, places, streets, products, each with its rank by how common it is.
--
-- Each pool has one number to join by, made of its group and rank. With the group as a join key of its own the
-- planner may join two pools with each other first, by group: billions of rows.

create or replace temp macro language_no(language) as list_position(['en', 'de', 'fr', 'nl'], language);
create or replace temp macro country_no(country) as list_position(['GB', 'DE', 'FR', 'NL', 'US'], country);
create or replace temp macro name_no(language, gender, rank) as
    (language_no(language) * 2 + (gender = 'm')::integer) * 1000 + (rank);
create or replace temp macro surname_no(language, rank) as language_no(language) * 100000 + (rank);
create or replace temp macro country_item_no(country, rank) as country_no(country) * 1000 + (rank);
create or replace temp macro product_no(category_rank, rank) as (category_rank) * 1000 + (rank);

create or replace temp table first_names as
select
    language,
    gender,
    name_no(language, gender, row_number() over (partition by language, gender order by position)) as name_no,
    count(*) over (partition by language, gender) as names,
    first_name,
    case when nicknames <> '' then string_split(nicknames, '|') end as nicknames

from (
    select
        *,
        row_number() over () as position

    from read_csv('${pools}/first_names.csv', header = true, all_varchar = true, nullstr = 'NULL')
);

-- Real surnames first, then composed ones: Berg + mann, Wood + ford.
create or replace temp table surnames as
with

parts as (

    select
        language,
        part,
        cast(rank as bigint) as rank,
        text

    from read_csv('${pools}/surname_parts.csv', header = true, all_varchar = true)

),

composed as (

    select
        language,
        0 as composed,
        rank,
        text as surname

    from parts

    where part = 'whole'

    union all

    select
        heads.language,
        1 as composed,
        -- Neighbours in rank must not share their beginning.
        key_of(heads.rank * 100 + tails.rank, 'surname order') as rank,
        heads.text || tails.text as surname

    from parts as heads

    inner join parts as tails
        on
            heads.language = tails.language
            and heads.part = 'head'
            and tails.part = 'tail'

)

select
    language,
    surname_no(language, row_number() over (partition by language order by min(composed), min(rank), surname))
        as surname_no,
    count(*) over (partition by language) as names,
    surname

from composed

group by
    language,
    surname;

create or replace temp table places as
select
    country_item_no(country, cast(rank as bigint)) as place_no,
    city,
    postcode_area,
    area_code,
    cast(landline_digits as integer) as landline_digits

from read_csv('${pools}/places.csv', header = true, all_varchar = true);

create or replace temp table streets as
select
    country_item_no(country, cast(rank as bigint)) as street_no,
    street

from read_csv('${pools}/streets.csv', header = true, all_varchar = true);

create or replace temp table products as
select
    product_id,
    cast(category_rank as bigint) as category_rank,
    category,
    product_no(cast(category_rank as bigint), cast(rank as bigint)) as product_no,
    count(*) over (partition by category) as products,
    title,
    cast(unit_price as decimal(12, 2)) as unit_price

from read_csv('${pools}/products.csv', header = true, all_varchar = true);

create or replace temp table categories as
select distinct
    category_rank,
    category,
    products

from products;

create or replace temp macro pool_email_domain(k, purpose) as
    list_extract(
        [
            'mail.example.com', 'example.com', 'inbox.example.net', 'post.example.org', 'example.net',
            'home.example.com', 'webmail.example.net', 'example.org', 'me.example.org', 'fastmail.example.com',
            'office.example.net', 'uni.example.org'
        ],
        zipf(k, purpose, 12, 3)
    );
create or replace temp macro pool_junk_email(k, purpose) as
    list_extract(
        ['noemail@example.com', 'none@example.com', 'test@example.com', 'na@example.org', 'no@mail.example.com'],
        zipf(k, purpose, 5, 1)
    );
create or replace temp macro pool_junk_phone(k, purpose) as
    list_extract(['0000000000', '123456789', '9999999999', '0123456789', '1111111111'], zipf(k, purpose, 5, 1));

-- A phone as people write it: E.164, national, with 00, or with separators. `draw` is uniform in [0, 1).
create or replace temp macro written_phone(e164, country, draw) as
    case
        when e164 is null or e164 not like '+%' or draw < 0.40 then e164
        when country = 'US' and draw < 0.70
            then '(' || substr(e164, 3, 3) || ') ' || substr(e164, 6, 3) || '-' || substr(e164, 9)
        when country = 'US' then substr(e164, 3, 3) || '-' || substr(e164, 6, 3) || '-' || substr(e164, 9)
        when draw < 0.70 then '0' || substr(e164, 4)
        when draw < 0.80 then '00' || substr(e164, 2)
        when draw < 0.90 then left(e164, 3) || ' ' || substr(e164, 4, 3) || ' ' || substr(e164, 7)
        else '0' || substr(e164, 4, 3) || ' ' || substr(e164, 7, 3) || ' ' || substr(e164, 10)
    end;
