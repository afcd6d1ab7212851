"""Demo retailers made once for the tests of this folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest

from cdp_cli.demo.generate import fill

TODAY = dt.date(2026, 3, 10)

# Every person record with names, beside the person that it is of.
RECORDS = """
create temp view stated as
with

records as (

    select
        'crm_contact:' || contact_id as record_id, first_name, last_name, birthdate as birth_date,
        email, phone, zip, created_at
    from crm.contacts

    union all

    select 'shop_customer:' || id, first_name, last_name, date_of_birth, email, phone, zip, created_at
    from shop.customers

    union all

    select 'pos_member:' || loyalty_id, first_name, last_name, birth_date, email, phone, zip, joined_at
    from pos.members

)

select
    records.*,
    lower(trim(records.email)) as plain_email,
    regexp_replace(records.phone, '[^0-9]', '', 'g') as plain_phone,
    people.first_name as true_first,
    people.nickname,
    people.last_name as true_last,
    people.former_last_name,
    people.email as true_email,
    people.former_email,
    people.family_email,
    people.landline,
    people.postcode

from records

inner join truth.records as truth_records
    on records.record_id = truth_records.record_id

inner join truth.people as people
    on truth_records.person_id = people.person_id
"""


@pytest.fixture(scope="session")
def retailer() -> Iterator[duckdb.DuckDBPyConnection]:
    """A demo of 4,000 customers in memory. Read it only."""
    connection = duckdb.connect()
    fill(connection, 4000, 5, TODAY)
    connection.execute(RECORDS)
    yield connection
    connection.close()


def fingerprints(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[object, ...]]:
    """Of each table, the number of rows and a sum of row hashes: the same for the same rows in any order."""
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database() and table_type = 'BASE TABLE' "
        "and table_schema not in ('main', 'temp') order by all"
    ).fetchall()
    found = {}
    for schema, name in tables:
        query = f'select count(*), sum(hash("row")::hugeint) from "{schema}"."{name}" as "row"'
        found[f"{schema}.{name}"] = connection.execute(query).fetchall()[0]
    return found


def number(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    """The one number that a query gives."""
    return float(connection.execute(sql).fetchall()[0][0])
