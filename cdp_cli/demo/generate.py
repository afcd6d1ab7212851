"""Generates the retailer's first three years: all tables at once, from a seed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from cdp_cli.config import Settings
from cdp_cli.demo import script
from cdp_cli.demo.tables import (
    ACTIVITY,
    DEMO,
    HISTORY_DAYS,
    demo_tables,
    derived,
    hand_over,
    limit_memory,
    one_transaction,
    own_tables,
    set_clock,
    table_sizes,
    tables_there,
    window,
)
from cdp_cli.errors import FixInput
from cdp_cli.warehouse import Warehouse, open_warehouse

MAX_CUSTOMERS = 5_000_000
EARLIEST, LATEST = dt.date(1990, 1, 1), dt.date(2100, 1, 1)
_PEOPLE_TABLES = {
    "crm.contacts",
    "crm.households",
    "crm.leads",
    "shop.customers",
    "pos.members",
    "email.subscribers",
    "support.requesters",
}


@dataclass(frozen=True)
class DemoSummary:
    """The warehouse after `cdp demo`: sizes by table, and the demo's present."""

    seed: int
    customers: int
    today: dt.date
    people: int
    person_records: int
    events: int
    tables: dict[str, int]


def generate(
    settings: Settings, customers: int, seed: int, today: dt.date | None = None, *, replace: bool = False
) -> DemoSummary:
    """Make the demo retailer: its raw tables, the truth, and the warehouse's clock, in one transaction.

    `today` is the last day with data; by default the current date in UTC.
    Raises FixInput if a number is out of range or other tables are in the way.
    """
    if not 1 <= customers <= MAX_CUSTOMERS:
        raise FixInput(
            f"--customers {customers} is not between 1 and {MAX_CUSTOMERS:,}.", "Choose a number in between."
        )
    if seed < 0:
        raise FixInput(f"--seed {seed} is negative.", "Choose zero or a positive number.")
    last_day = today or dt.datetime.now(dt.UTC).date()
    if not EARLIEST <= last_day <= LATEST:
        raise FixInput(
            f"--today {last_day} is not between {EARLIEST} and {LATEST}.", "Choose a day in between."
        )
    with (
        open_warehouse(settings, read_only=False, create=True) as warehouse,
        warehouse.generator() as connection,
    ):
        limit_memory(connection)
        with one_transaction(connection):
            _make_room(warehouse, connection, replace)
            fill(connection, customers, seed, last_day)
            hand_over(warehouse, connection)
        return _summarise(connection)


def fill(connection: duckdb.DuckDBPyConnection, customers: int, seed: int, last_day: dt.date) -> None:
    """Make all tables and set the clock, if there are none."""
    parameters = base_parameters(customers, seed, last_day)
    for name in ("raw_tables", "truth_tables", "random", "calendar", "pools"):
        script.run(connection, name, parameters)
    for name in ("households", "addresses", "people", *ACTIVITY):
        script.run(connection, name, parameters)
    connection.execute(
        "insert into truth.demo values (?, ?, ?, ?, ?, 0)",
        [
            str(seed),
            customers,
            last_day - dt.timedelta(days=HISTORY_DAYS - 1),
            last_day,
            parameters["people_limit"],
        ],
    )
    set_clock(connection, last_day)


def base_parameters(customers: int, seed: int, last_day: dt.date) -> dict[str, object]:
    """The parameters of the scripts for the history that ends with `last_day`."""
    values = script.rate_values()
    first_day = last_day - dt.timedelta(days=HISTORY_DAYS - 1)
    until_day = last_day + dt.timedelta(days=1)
    # E-mail addresses end with a number below this; a power of ten, so that the scrambling is one to one.
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
        # Late rows have arrived by now.
        "late_rows": 0,
        "last_order": 1_000_000,
        "last_receipt": 5_000_000,
        "last_ticket": 10_000,
        **derived(values, customers),
    }


def _make_room(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, replace: bool) -> None:
    generated = demo_tables(connection)
    present = tables_there(warehouse) or generated
    if not present:
        return
    ours = set(own_tables())
    made_here = DEMO in present or DEMO in generated
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
            "Add days with `cdp demo --advance DAYS`, or replace it with --replace.",
        )
    for schema, name in generated:
        connection.execute(f'drop table "{schema}"."{name}"')


def _summarise(connection: duckdb.DuckDBPyConnection) -> DemoSummary:
    seed, customers, today = connection.execute("select seed, customers, today from truth.demo").fetchall()[0]
    people, records = connection.execute(
        "select (select count(*) from truth.people), (select count(*) from truth.records)"
    ).fetchall()[0]
    sizes = table_sizes(connection)
    return DemoSummary(
        seed=int(seed),
        customers=customers,
        today=today,
        people=people,
        person_records=records,
        events=sum(rows for name, rows in sizes.items() if name not in _PEOPLE_TABLES),
        tables=sizes,
    )
