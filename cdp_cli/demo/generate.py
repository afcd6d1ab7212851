"""The retailer's first years: all tables at once, from a seed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import duckdb

from cdp_cli.config import Settings
from cdp_cli.demo import script
from cdp_cli.errors import FixInput
from cdp_cli.warehouse import open_warehouse

HISTORY_DAYS = 1095
WEB_DAYS = 180
EMAIL_DAYS = 365
MAX_CUSTOMERS = 5_000_000
EPOCH = dt.date(1970, 1, 1)

RAW_SCHEMAS = ("crm", "shop", "pos", "web", "email", "support", "consent")
# What happens in a window of time, in the order in which one needs the other.
ACTIVITY = ("records", "crm", "purchases", "shop", "pos", "web", "email", "support", "consent", "truth")


@dataclass(frozen=True)
class DemoSummary:
    """What stands in the warehouse after `cdp demo`: sizes by table, and the demo's present."""

    seed: int
    customers: int
    today: dt.date
    people: int
    person_records: int
    events: int
    tables: dict[str, int]


def window(first_day: dt.date, until_day: dt.date) -> dict[str, object]:
    """The parameters of the days from `first_day` up to and without `until_day`."""
    web_from = max(first_day, until_day - dt.timedelta(days=WEB_DAYS))
    email_from = max(first_day - dt.timedelta(days=4), until_day - dt.timedelta(days=EMAIL_DAYS))
    return {
        "from": f"{first_day} 00:00:00",
        "until": f"{until_day} 00:00:00",
        "from_day": (first_day - EPOCH).days,
        "until_day": (until_day - EPOCH).days,
        "web_from": f"{web_from} 00:00:00",
        "web_from_day": (web_from - EPOCH).days,
        "web_days": WEB_DAYS,
        "email_from": f"{email_from} 00:00:00",
        "email_days": EMAIL_DAYS,
    }


def generate(
    settings: Settings, customers: int, seed: int, today: dt.date | None = None, *, replace: bool = False
) -> DemoSummary:
    """Make the demo retailer: its raw tables, the truth, and the warehouse's clock, in one transaction.

    `today` is the last day with data; by default the current date in UTC.
    Raises FixInput where the numbers make no sense or where tables are in the way.
    """
    if not 1 <= customers <= MAX_CUSTOMERS:
        raise FixInput(
            f"--customers {customers} is not between 1 and {MAX_CUSTOMERS:,}.", "Choose a number in between."
        )
    if seed < 0:
        raise FixInput(f"--seed {seed} is negative.", "Choose zero or a positive number.")
    last_day = today or dt.datetime.now(dt.UTC).date()
    first_day = last_day - dt.timedelta(days=HISTORY_DAYS - 1)
    with open_warehouse(settings, read_only=False, create=True) as warehouse:
        connection = warehouse.connection
        connection.execute("begin")
        try:
            _make_room(connection, replace)
            parameters = _parameters(customers, seed, first_day, last_day + dt.timedelta(days=1))
            script.run(connection, "raw_tables", {})
            script.run(connection, "truth_tables", {})
            for name in ("random", "calendar", "pools", "households", "addresses", "people", *ACTIVITY):
                script.run(connection, name, parameters)
            connection.execute(
                "insert into truth.demo values (?, ?, ?, ?, ?, 0)",
                [str(seed), customers, first_day, last_day, parameters["people_limit"]],
            )
            set_clock(connection, last_day)
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
        return summarise(connection)


def _parameters(customers: int, seed: int, first_day: dt.date, until_day: dt.date) -> dict[str, object]:
    values = script.rate_values()
    limit = 100_000
    while limit < 4 * customers:
        limit *= 10
    return {
        **values,
        **window(first_day, until_day),
        "seed": seed,
        "pools": script.POOLS,
        "people": customers,
        "people_limit": limit,
        "first_household": 1,
        "first_person": 1,
        "joined_from": f"{first_day} 00:00:00",
        "joined_until": f"{until_day} 00:00:00",
        "born_before": str(until_day),
        "late_rows": 0,
        "last_order": 1_000_000,
        "last_receipt": 5_000_000,
        "last_ticket": 10_000,
        **derived(values, customers),
    }


def derived(values: dict[str, Any], customers: int) -> dict[str, object]:
    """Parameters that follow from rates."""
    return {
        "strangers_a_day": customers * values["stranger_visitors"] / WEB_DAYS,
        # A family device has about two and a half users; most devices have one.
        "family_device": 2.4 * values["device_shared"],
    }


def set_clock(connection: duckdb.DuckDBPyConnection, today: dt.date) -> None:
    """Make the last second of `today` the moment that the warehouse takes for now."""
    connection.execute("create schema if not exists cdp")
    connection.execute("create table if not exists cdp.clock (as_of timestamp)")
    connection.execute("delete from cdp.clock")
    connection.execute("insert into cdp.clock values (?)", [dt.datetime.combine(today, dt.time(23, 59, 59))])


def demo_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and name of each table in the raw schemas and in `truth`."""
    rows = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where list_contains(?, table_schema) and table_catalog = current_database() order by all",
        [[*RAW_SCHEMAS, "truth"]],
    ).fetchall()
    return [(str(schema), str(name)) for schema, name in rows]


def _make_room(connection: duckdb.DuckDBPyConnection, replace: bool) -> None:
    present = demo_tables(connection)
    if not present:
        return
    ours = {(schema, name) for schema, name in _own_tables()}
    made_here = ("truth", "demo") in present
    strange = [table for table in present if table not in ours] if made_here else present
    if strange:
        names = ", ".join(".".join(table) for table in strange[:5])
        raise FixInput(
            f"The warehouse holds tables that the demo did not make: {names}.",
            "Use another warehouse for the demo (CDP_DATA names its folder), or drop these tables yourself.",
        )
    if not replace:
        raise FixInput(
            "The warehouse already holds a demo.",
            "Add days with `cdp demo --advance DAYS`, or make it anew with --replace.",
        )
    for schema, name in present:
        connection.execute(f'drop table "{schema}"."{name}"')


def _own_tables() -> list[tuple[str, str]]:
    scratch = duckdb.connect()
    try:
        script.run(scratch, "raw_tables", {})
        script.run(scratch, "truth_tables", {})
        return demo_tables(scratch)
    finally:
        scratch.close()


def summarise(connection: duckdb.DuckDBPyConnection) -> DemoSummary:
    """Count what stands in the warehouse."""
    found = connection.execute("select seed, customers, today from truth.demo").fetchone()
    assert found is not None
    tables = {
        f"{schema}.{name}": _count(connection, schema, name)
        for schema, name in demo_tables(connection)
        if schema != "truth"
    }
    people_tables = {"crm.contacts", "crm.households", "crm.leads", "shop.customers", "pos.members"}
    people_tables |= {"email.subscribers", "support.requesters"}
    return DemoSummary(
        seed=int(found[0]),
        customers=int(found[1]),
        today=found[2],
        people=_count(connection, "truth", "people"),
        person_records=_count(connection, "truth", "records"),
        events=sum(rows for name, rows in tables.items() if name not in people_tables),
        tables=tables,
    )


def _count(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> int:
    found = connection.execute(f'select count(*) from "{schema}"."{name}"').fetchone()
    return int(found[0]) if found else 0
