"""Advances the demo by days: new activity, late and changed rows, new people, withdrawals, schema drift."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import duckdb

from cdp_cli.config import Settings
from cdp_cli.demo import script
from cdp_cli.demo.tables import (
    ACTIVITY,
    DEMO,
    demo_tables,
    derived,
    hand_over,
    limit_memory,
    one_transaction,
    set_clock,
    table_sizes,
    window,
)
from cdp_cli.errors import FixInput
from cdp_cli.warehouse import open_warehouse

MAX_DAYS = 366


@dataclass(frozen=True)
class AdvanceSummary:
    """What `days` days added: rows by table, and the numbers of new and changed people."""

    days: int
    today: dt.date
    new_people: int
    moved: int
    renamed: int
    new_emails: int
    withdrawals: int
    new_rows: dict[str, int]
    changed_rows: dict[str, int]


def advance(settings: Settings, days: int) -> AdvanceSummary:
    """Advance the demo by `days` days, each in a transaction of its own.

    Three days at once and three times one day give the same data.
    Raises FixInput if there is no demo or the number of days is out of range.
    """
    if not 1 <= days <= MAX_DAYS:
        raise FixInput(
            f"--advance {days} is not between 1 and {MAX_DAYS} days.", "Choose a number in between."
        )
    with (
        open_warehouse(settings, read_only=False, create=False) as warehouse,
        warehouse.generator() as connection,
    ):
        limit_memory(connection)
        if DEMO not in demo_tables(connection):
            raise FixInput(
                "The warehouse holds no demo that could advance.", "Make one with `cdp demo --customers N`."
            )
        before = table_sizes(connection)
        people_before = _number(connection, "select count(*) from truth.people")
        changes: dict[str, int] = dict.fromkeys(("moved", "renamed", "readdressed", "withdrawing"), 0)
        began = _scalar(connection, "select today from truth.demo")
        for day in range(1, days + 1):
            with one_transaction(connection):
                _advance_a_day(connection)
                if day == days:
                    hand_over(warehouse, connection)
            for name in changes:
                changes[name] += _number(connection, f"select count(*) from {name}")
        after = table_sizes(connection)
        loaded_since = dt.datetime.combine(began + dt.timedelta(days=1), dt.time())
        return AdvanceSummary(
            days=days,
            today=_scalar(connection, "select today from truth.demo"),
            new_people=_number(connection, "select count(*) from truth.people") - people_before,
            moved=changes["moved"],
            renamed=changes["renamed"],
            new_emails=changes["readdressed"],
            withdrawals=changes["withdrawing"],
            new_rows={name: after[name] - before[name] for name in after},
            changed_rows={
                name: _number(connection, f"select count(*) from {name} where _loaded_at >= ?", loaded_since)
                - (after[name] - before[name])
                for name in after
            },
        )


def _advance_a_day(connection: duckdb.DuckDBPyConnection) -> None:
    if _number(connection, "select days_advanced from truth.demo") == 0:
        # Schema drift: an upgrade of the support tool adds a column without notice.
        connection.execute("alter table support.tickets add column priority varchar")
    today = _scalar(connection, "select today from truth.demo")
    day = today + dt.timedelta(days=1)
    parameters = _parameters(connection, day)
    for name in ("random", "calendar", "pools"):
        script.run(connection, name, parameters)
    for name in ("households", "addresses", "people", *ACTIVITY, "changes", "addresses", "changed_people"):
        script.run(connection, name, parameters)
    set_clock(connection, day)


def _parameters(connection: duckdb.DuckDBPyConnection, day: dt.date) -> dict[str, object]:
    values = script.rate_values()
    seed, customers, limit = connection.execute(
        "select seed, customers, people_limit from truth.demo"
    ).fetchall()[0]
    people = _number(connection, "select count(*) from truth.people")
    households = _number(connection, "select count(distinct household_no) from truth.people")

    def a_day(rate: str, base: int) -> int:
        share: float = values[rate]
        return max(1, round(share * base))

    return {
        **values,
        **window(day, day + dt.timedelta(days=1)),
        "seed": seed,
        "pools": script.POOLS,
        "people": a_day("new_people", customers),
        "people_limit": limit,
        "first_household": _number(connection, "select max(household_no) + 1 from truth.people"),
        "first_person": _number(connection, "select max(person_no) + 1 from truth.people"),
        "joined_from": f"{day} 00:00:00",
        "joined_until": f"{day + dt.timedelta(days=1)} 00:00:00",
        "born_before": str(day),
        "last_order": _number(
            connection, "select coalesce(max(cast(id as bigint)), 1000000) from shop.orders"
        ),
        "last_receipt": _number(
            connection,
            "select coalesce(max(cast(substr(receipt_id, 2) as bigint)), 5000000) from pos.receipts",
        ),
        "last_ticket": _number(
            connection, "select coalesce(max(cast(ticket_id as bigint)), 10000) from support.tickets"
        ),
        "moving_households": a_day("moves", households),
        "renamed_people": a_day("name_changes", people),
        "readdressed_people": a_day("new_emails", people),
        "withdrawing_people": a_day("withdrawals", people),
        "email_tag": f"{day:%y%j}",
        **derived(values, customers),
    }


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> Any:
    return connection.execute(sql, list(parameters)).fetchall()[0][0]


def _number(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> int:
    number: int = _scalar(connection, sql, *parameters)
    return number
