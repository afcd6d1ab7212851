"""People for the identity benchmark: any number of records, made in SQL from a seed, with the truth aside.

0.4 people a record live in households that share surname, address and landline. Each person has records in
several sources, with slips, nicknames, moves and gaps; one in two hundred carries a placeholder e-mail, and
as many a placeholder phone. Neither placeholder is on the list of blocked values.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_cli.demo import script

PEOPLE_PER_RECORD = 0.4
JUNK_EMAIL = "walk-in@shop.example"
JUNK_PHONE = "+442079460000"
JUNK_SHARE = 0.005

# Households are cut out of rows of four people: by chance one home of four, two of two, ... or four of one.
_HOMES = "[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 1, 1], [0, 1, 2, 2], [0, 0, 1, 2], [0, 1, 2, 3]"

_ENDINGS = ", ".join(
    f"'{ending}'"
    for ending in (
        "sen", "ski", "ez", "ini", "ova", "escu", "aard", "ides", "off", "ura",
        "idze", "ak", "ulis", "enko", "ander", "sson", "eau", "stra", "quist", "oglu",
    )
)  # fmt: skip

_PEOPLE = f"""
create temp table households as
with

homes as (

    select
        range as person_no,
        range // 4 * 4 + list_extract(
            list_extract([{_HOMES}], choice(key_of(range // 4, 'four'), 'homes', 6)), range % 4 + 1
        ) as household_no

    from range(cast(ceil(${{records}} * {PEOPLE_PER_RECORD}) as bigint))

)

select
    person_no,
    household_no,
    key_of(household_no, 'household') as hk,
    key_of(person_no, 'person') as k,
    if(
        chance(key_of(person_no, 'person'), 'own surname') < 0.12,
        key_of(person_no, 'person'),
        key_of(household_no, 'household')
    ) as surname_key,
    list_extract(['en', 'de', 'fr', 'nl'], choice(hk, 'language', 4)) as language,
    list_extract(['GB', 'DE', 'FR', 'NL'], choice(hk, 'language', 4)) as country,
    -- Who moved here from elsewhere.
    chance(k, 'moved') < 0.1 as moved,
    if(chance(k, 'gender') < 0.5, 'f', 'm') as gender

from homes;

create temp table addresses as
select
    homes.household_no,
    homes.version,
    choice(homes.ak, 'house', 180) || ' ' || streets.street as street_address,
    places.city,
    places.postcode_area || lpad(cast(choice(homes.ak, 'district', 1000) - 1 as varchar), 3, '0') as postcode,
    list_extract(['+4420', '+4930', '+331', '+3120'], list_position(['GB', 'DE', 'FR', 'NL'], homes.country))
    || lpad(cast((homes.household_no * 7919 + 4177) % 100000000 as varchar), 8, '0') as landline

from (
    select distinct
        household_no,
        country,
        version,
        key_of(household_no * 2 + version, 'address') as ak

    from households

    cross join (values (0), (1)) as versions (version)
) as homes

inner join places
    on places.place_no = country_item_no(homes.country, zipf(homes.ak, 'place', 11, 6))

inner join streets
    on streets.street_no = country_item_no(homes.country, choice(homes.ak, 'street', 25));

create temp table named as
select
    households.*,
    first_names.first_name,
    list_extract(first_names.nicknames, choice(households.k, 'nickname', len(first_names.nicknames)))
        as nickname,
    -- As many again are so rare that nobody lists them.
    surnames.surname || case
        when chance(surname_key, 'rare surname') < 0.5
            then list_extract([{_ENDINGS}], choice(surname_key, 'ending', {_ENDINGS.count(",") + 1}))
        else ''
    end as last_name,
    -- Children are called like their parents, and born later.
    date '2004-06-01' - floor(60 * 365.25 * chance(households.k, 'age'))::integer as birth_date

from households

inner join (select distinct language, gender, names from first_names) as first_counts
    on households.language = first_counts.language and households.gender = first_counts.gender

inner join (select distinct language as of_language, names as surnames from surnames) as surname_counts
    on households.language = surname_counts.of_language

inner join first_names
    on first_names.name_no = name_no(
        households.language, households.gender, zipf(households.k, 'first name', first_counts.names, 40)
    )

inner join surnames
    on surnames.surname_no = surname_no(
        households.language, zipf(households.surname_key, 'surname', surname_counts.surnames, 20)
    );

create temp table people as
select
    named.* exclude (birth_date),
    cast(birth_date as varchar) as birth_date,
    list_extract(['+447', '+4915', '+336', '+316'], list_position(['GB', 'DE', 'FR', 'NL'], country))
    || lpad(cast((person_no * 7919 + 4177) % 1000000000 as varchar), 9, '0') as mobile,
    letters_only(first_name) || if(chance(k, 'dot') < 0.7, '.', '') || letters_only(last_name)
    || if(chance(k, 'plain address') < 0.15, '', cast((person_no * 7919 + 4177) % 1000000 as varchar))
    || '@' || pool_email_domain(k, 'domain') as email,
    left(letters_only(first_name), 1) || letters_only(last_name)
    || cast((person_no * 6101 + 977) % 1000000 as varchar) || '@' || pool_email_domain(k, 'other domain')
        as other_email

from named;
"""

# Each person has one record; the others are spread by chance. The order of records is not that of people.
_RECORDS = """
create temp table drawn as
select
    range as record_no,
    key_of(range, 'record') as rk,
    if(
        range < ceil(${records} * 0.4),
        range,
        choice(key_of(range, 'record'), 'person', cast(ceil(${records} * 0.4) as bigint)) - 1
    ) as person_no

from range(${records});

create table ${name} as
with

sources as (

    select
        *,
        list_extract(
            ['crm', 'shop', 'shop', 'shop', 'store', 'store', 'newsletter', 'newsletter', 'support'],
            choice(rk, 'source', 9)
        ) as source

    from drawn

),

known as (

    select
        sources.record_no,
        sources.person_no,
        sources.rk,
        sources.source,
        people.* exclude (person_no, hk, household_no),
        people.household_no,
        addresses.street_address,
        addresses.city,
        addresses.postcode,
        addresses.landline

    from sources

    inner join people
        on sources.person_no = people.person_no

    inner join addresses
        on
            people.household_no = addresses.household_no
            and addresses.version = cast(people.moved and chance(sources.rk, 'old address') < 0.4 as integer)

),

-- What the record's source asks for, and what its owner filled in.
given as (

    select
        *,
        case
            when source = 'newsletter' and chance(rk, 'no name') < 0.3 then null
            when chance(rk, 'nickname') < 0.12 then coalesce(nickname, first_name)
            when chance(rk, 'initial') < 0.03 then left(first_name, 1)
            else first_name
        end as given_first,
        case when source <> 'newsletter' or chance(rk, 'surname') < 0.3 then last_name end as given_last,
        case
            when chance(rk, 'has birth date') < if(source = 'crm', 0.8, if(source = 'store', 0.6, 0.2))
                then birth_date
        end as given_birth,
        case
            when source <> 'newsletter' and chance(rk, 'has email') > if(source = 'store', 0.4, 0.9) then null
            when chance(rk, 'which email') < 0.2 then other_email
            else email
        end as given_email,
        case
            when source = 'newsletter' or chance(rk, 'has phone') > 0.65 then null
            when chance(rk, 'which phone') < 0.25 then landline
            else mobile
        end as given_phone,
        source in ('crm', 'shop') or (source = 'store' and chance(rk, 'has address') < 0.5) as has_address

    from known

),

spoilt as (

    select
        *,
        case
            when chance(rk, 'slip first') < 0.04 then typing_error(given_first, rk, 'first')
            else given_first
        end as slipped_first,
        case
            when chance(rk, 'slip last') < 0.04 then typing_error(given_last, rk, 'last')
            else given_last
        end as slipped_last,
        case
            when chance(rk, 'slip email') < 0.02 then typing_error(given_email, rk, 'email')
            else given_email
        end as slipped_email

    from given

)

select
    source || ':' || format('{:08x}', rk) as record_id,
    source,
    case
        when source = 'support' then nullif(concat_ws(' ', slipped_first, slipped_last), '')
    end as full_name,
    case when source <> 'support' then slipped_first end as first_name,
    case when source <> 'support' then slipped_last end as last_name,
    case
        when chance(rk, 'slip birth') < 0.03
            then left(given_birth, 8) || lpad(cast(choice(rk, 'day', 28) as varchar), 2, '0')
        else given_birth
    end as birth_date,
    case when source = 'crm' then gender end as gender,
    case when chance(rk, 'junk email') < ${junk} then '${junk_email}' else slipped_email end as email,
    case
        when chance(rk, 'junk phone') < ${junk} then '${junk_phone}'
        when chance(rk, 'slip phone') < 0.02
            then left(given_phone, 8) || choice(rk, 'digit', 9) || substr(given_phone, 10)
        else given_phone
    end as phone,
    case when has_address then
        if(chance(rk, 'slip street') < 0.05, typing_error(street_address, rk, 'street'), street_address)
    end as street_address,
    case when has_address or chance(rk, 'has city') < 0.2 then city end as city,
    case when has_address or chance(rk, 'has postcode') < 0.1 then postcode end as postcode,
    country,
    'p' || person_no as person_id,
    record_no

from spoilt

order by record_id;
"""


@dataclass(frozen=True)
class Data:
    """Parquet files: `people`, `later` records of the same people, and the `truth` of both."""

    people: Path
    later: Path
    truth: Path


def generate(folder: Path, size: int, later: int, seed: int) -> Data:
    """Write `size` records and `later` further ones of the same people into `folder`."""
    data = Data(folder / "people.parquet", folder / "later.parquet", folder / "truth.parquet")
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    parameters = {
        "seed": seed, "pools": script.POOLS, "records": size + later, "name": "records",
        "junk": JUNK_SHARE, "junk_email": JUNK_EMAIL, "junk_phone": JUNK_PHONE,
    }  # fmt: skip
    script.run(connection, "random", parameters)
    script.run(connection, "pools", parameters)
    for statements in (_PEOPLE, _RECORDS):
        connection.execute(string.Template(statements).substitute(parameters))
    for path, columns, condition in (
        (data.people, "* exclude (person_id, record_no)", f"record_no < {size}"),
        (data.later, "* exclude (person_id, record_no)", f"record_no >= {size}"),
        (data.truth, "record_id, person_id", "true"),
    ):
        connection.execute(
            f"copy (select {columns} from records where {condition} order by record_id) to '{path}'"
        )
    connection.close()
    return data


def figures(truth: Path, clusters: Path) -> dict[str, float]:
    """Precision, recall and F1 of the pairs of records that clusters (record_id, cluster_id) imply."""
    hits, found, true = (
        duckdb.connect()
        .execute(
            """
            with

            placed as (

                select truth.person_id, clusters.cluster_id
                from read_parquet(?) as clusters
                inner join read_parquet(?) as truth on clusters.record_id = truth.record_id

            ),

            cells as (select person_id, cluster_id, count(*) as size from placed group by all),

            clusters as (select sum(size) as size from cells group by cluster_id),

            people as (select sum(size) as size from cells group by person_id)

            select
                (select sum(size * (size - 1) / 2) from cells),
                (select sum(size * (size - 1) / 2) from clusters),
                (select sum(size * (size - 1) / 2) from people)
            """,
            [str(clusters), str(truth)],
        )
        .fetchall()[0]
    )
    precision = hits / found if found else 1.0
    recall = hits / true if true else 1.0
    both = precision + recall
    return {"f1": 2 * precision * recall / both if both else 0.0, "precision": precision, "recall": recall}
