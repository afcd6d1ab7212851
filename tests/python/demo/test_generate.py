"""The demo is the same for the same seed, holds together, and knows the truth of every record."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from cdp_cli.demo.generate import fill
from tests.python.demo.conftest import TODAY, fingerprints, number


def made(customers: int, seed: int, threads: int, today: dt.date = TODAY) -> dict[str, tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {threads}")
        fill(connection, customers, seed, today)
        return fingerprints(connection)


def test_the_same_seed_makes_the_same_rows_on_any_number_of_threads() -> None:
    assert made(700, 3, threads=1) == made(700, 3, threads=4)


def test_another_seed_makes_other_people() -> None:
    one, other = made(200, 3, threads=2), made(200, 4, threads=2)
    assert one["truth.people"] != other["truth.people"]
    assert one["crm.contacts"] != other["crm.contacts"]


def test_one_customer_is_enough() -> None:
    assert made(1, 1, threads=1)["truth.people"][0] == 1


KEYS = [
    ("crm.contacts", "contact_id"),
    ("crm.households", "household_id"),
    ("crm.leads", "lead_id"),
    ("shop.customers", "id"),
    ("shop.orders", "id"),
    ("shop.order_items", "id"),
    ("shop.returns", "id"),
    ("pos.members", "loyalty_id"),
    ("pos.receipts", "receipt_id"),
    ("pos.receipt_items", "receipt_item_id"),
    ("web.events", "event_id"),
    ("email.subscribers", "subscriber_id"),
    ("email.events", "event_id"),
    ("support.requesters", "requester_id"),
    ("support.tickets", "ticket_id"),
    ("consent.events", "id"),
    ("truth.people", "person_id"),
    ("truth.people", "email"),
    ("truth.records", "record_id"),
]


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_each_key_is_unique_and_never_empty(
    retailer: duckdb.DuckDBPyConnection, table: str, key: str
) -> None:
    assert number(retailer, f"select count(*) from {table}") > 0
    assert number(retailer, f"select count(*) - count(distinct {key}) from {table}") == 0


REFERENCES = [
    ("crm.contacts", "household_id", "crm.households", "household_id"),
    ("shop.orders", "customer_id", "shop.customers", "id"),
    ("shop.order_items", "order_id", "shop.orders", "id"),
    ("shop.returns", "order_id", "shop.orders", "id"),
    ("pos.receipts", "loyalty_id", "pos.members", "loyalty_id"),
    ("pos.receipt_items", "receipt_id", "pos.receipts", "receipt_id"),
    ("web.events", "user_id", "shop.customers", "id"),
    ("email.events", "subscriber_id", "email.subscribers", "subscriber_id"),
    ("support.tickets", "requester_id", "support.requesters", "requester_id"),
    ("truth.records", "person_id", "truth.people", "person_id"),
]


@pytest.mark.parametrize(("child", "column", "parent", "key"), REFERENCES)
def test_what_is_referred_to_exists(
    retailer: duckdb.DuckDBPyConnection, child: str, column: str, parent: str, key: str
) -> None:
    orphans = f"select count(*) from {child} anti join {parent} on {child}.{column} = {parent}.{key} "
    assert number(retailer, orphans + f"where {child}.{column} is not null") == 0


@pytest.mark.parametrize("table", ["shop.orders", "pos.receipts"])
def test_orders_are_the_sum_of_their_lines(retailer: duckdb.DuckDBPyConnection, table: str) -> None:
    lines, order, key = {
        "shop.orders": ("shop.order_items", "order_id", "id"),
        "pos.receipts": ("pos.receipt_items", "receipt_id", "receipt_id"),
    }[table]
    wrong = f"""
        select count(*) from {table} as orders
        left join (select {order} as parent, sum(total) as total from {lines} group by all) as lines
        on orders.{key} = lines.parent
        where lines.total is distinct from orders.total or orders.total <> orders.gross - orders.discount
    """
    assert number(retailer, wrong) == 0


# The record ids as staging makes them.
RECORD_IDS = """
    select 'crm_contact:' || contact_id as record_id from crm.contacts
    union select 'crm_lead:' || lead_id from crm.leads
    union select 'shop_customer:' || id from shop.customers
    union select 'shop_guest:' || md5(lower(trim(email))) from shop.orders where customer_id is null
    union select 'pos_member:' || loyalty_id from pos.members
    union select 'pos_buyer:' || md5(coalesce(phone, email)) from pos.receipts
        where loyalty_id is null and coalesce(phone, email) is not null
    union select 'email_subscriber:' || subscriber_id from email.subscribers
    union select 'support_requester:' || requester_id from support.requesters
    union select
        'web_visitor:' || events.anonymous_id || if(users > 1 and user_id is not null, ':' || user_id, '')
        from web.events as events inner join (
            select anonymous_id, count(distinct user_id) as users from web.events group by anonymous_id
        ) as devices on events.anonymous_id = devices.anonymous_id
"""


def test_the_truth_has_exactly_the_records_that_staging_makes(retailer: duckdb.DuckDBPyConnection) -> None:
    missing = f"select count(*) from ({RECORD_IDS}) as made anti join truth.records using (record_id)"
    invented = f"select count(*) from truth.records anti join ({RECORD_IDS}) as made using (record_id)"
    assert (number(retailer, missing), number(retailer, invented)) == (0, 0)


def test_only_devices_that_nobody_can_tell_have_no_person(retailer: duckdb.DuckDBPyConnection) -> None:
    unknown = "select count(*) from truth.records where person_id is null"
    assert number(retailer, unknown) > 0
    assert number(retailer, unknown + " and not starts_with(record_id, 'web_visitor:')") == 0
    told = """
        select count(*) from truth.records inner join web.events
        on truth.records.record_id = 'web_visitor:' || web.events.anonymous_id
        where person_id is null and traits_email is not null
        and anonymous_id not in (
            select anonymous_id from web.events group by anonymous_id having count(distinct user_id) > 1
        )
    """
    assert number(retailer, told) == 0


def test_nothing_happens_after_the_demo_s_today(retailer: duckdb.DuckDBPyConnection) -> None:
    assert retailer.execute("select as_of from cdp.clock").fetchall() == [
        (dt.datetime(2026, 3, 10, 23, 59, 59),)
    ]
    for table, column in [
        ("shop.orders", "created_at"),
        ("shop.returns", "created_at"),
        ("pos.receipts", "sold_at"),
        ("web.events", "_loaded_at"),
        ("email.events", "occurred_at"),
        ("support.tickets", "closed_at"),
        ("consent.events", "captured_at"),
        ("crm.contacts", "updated_at"),
    ]:
        late = f"select count(*) from {table} where {column} > timestamp '2026-03-10 23:59:59'"
        assert number(retailer, late) == 0, table


def test_only_reserved_domains_are_used(retailer: duckdb.DuckDBPyConnection) -> None:
    for table, column in [
        ("crm.contacts", "email"),
        ("shop.orders", "email"),
        ("pos.receipts", "email"),
        ("web.events", "traits_email"),
        ("email.subscribers", "email"),
    ]:
        outside = (
            f"select count(*) from {table} where not "
            f"regexp_matches(lower(trim({column})), '@([a-z]+[.])?example[.](com|net|org)$')"
        )
        assert number(retailer, outside) == 0, table


def test_most_mobiles_and_landlines_are_valid_numbers(retailer: duckdb.DuckDBPyConnection) -> None:
    import phonenumbers

    numbers = retailer.execute(
        "select unnest([mobile, landline]) from truth.people where person_no <= 400"
    ).fetchall()
    valid = [phonenumbers.is_valid_number(phonenumbers.parse(row[0])) for row in numbers]
    assert sum(valid) / len(valid) > 0.9
