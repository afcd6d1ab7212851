"""The demo's tables, and the windows of time that they are filled by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import duckdb

from cdp_cli.demo import script
from cdp_cli.engine_package import raw_log
from cdp_cli.warehouse import Warehouse

HISTORY_DAYS = 1095
WEB_DAYS = 180
EMAIL_DAYS = 365
MEMORY_GIB = 4
EPOCH = dt.date(1970, 1, 1)

RAW_SCHEMAS = ("crm", "shop", "pos", "web", "email", "support", "consent")
# One row that says which demo this is.
DEMO = ("truth", "demo")
# The scripts that fill a window of time, in the order of their dependencies.
ACTIVITY = ("records", "crm", "purchases", "shop", "pos", "web", "email", "support", "consent", "truth")


def limit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Limit the generator to MEMORY_GIB. The rest overflows to disk, which takes no longer."""
    amount, unit = connection.execute("select current_setting('memory_limit')").fetchall()[0][0].split()
    if unit == "TiB" or (unit == "GiB" and float(amount) > MEMORY_GIB):
        connection.execute(f"set memory_limit = '{MEMORY_GIB}GiB'")


@contextmanager
def one_transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction: committed if the block succeeds, otherwise rolled back."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # After an internal error of DuckDB nothing can be rolled back; the first error is the one to see.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise


def window(first_day: dt.date, until_day: dt.date) -> dict[str, object]:
    """The parameters of the days from `first_day` up to and without `until_day`."""
    web_from = max(first_day, until_day - dt.timedelta(days=WEB_DAYS))
    # Four days back, because newsletters are opened up to three days later.
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


def derived(rates: Mapping[str, float], customers: int) -> dict[str, object]:
    """Parameters that follow from rates."""
    return {
        "strangers_a_day": customers * rates["stranger_visitors"] / WEB_DAYS,
        # Measured: about one family device in six has no second user in the web tool's memory, and most
        # devices are not in a household of several visitors.
        "family_device": 7 * rates["device_shared"],
    }


def set_clock(connection: duckdb.DuckDBPyConnection, today: dt.date) -> None:
    """Set the warehouse's clock to the last second of `today`."""
    clock = raw_log("clock")
    connection.execute(f'create schema if not exists "{clock.schema}"')
    connection.execute(f"create table if not exists {clock} (as_of timestamp)")
    connection.execute(f"delete from {clock}")
    connection.execute(f"insert into {clock} values (?)", [dt.datetime.combine(today, dt.time(23, 59, 59))])


def hand_over(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the generated tables to the warehouse; `truth.demo`, which marks a demo, comes last."""
    made = [*demo_tables(connection), raw_log("clock")]
    warehouse.hand_over(connection, sorted(made, key=lambda name: name == DEMO))


def tables_there(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Schema and name of each table of the warehouse in the raw schemas and in `truth`."""
    return [(schema, name) for schema in sorted((*RAW_SCHEMAS, "truth")) for name in warehouse.tables(schema)]


def demo_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and name of each table in the raw schemas and in `truth`."""
    rows = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where list_contains(?, table_schema) and table_catalog = current_database() order by all",
        [[*RAW_SCHEMAS, "truth"]],
    ).fetchall()
    return [(str(schema), str(name)) for schema, name in rows]


def own_tables() -> list[tuple[str, str]]:
    """Schema and name of each table that the demo makes."""
    scratch = duckdb.connect()
    try:
        script.run(scratch, "raw_tables", {})
        script.run(scratch, "truth_tables", {})
        return demo_tables(scratch)
    finally:
        scratch.close()


def table_sizes(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each raw table that the demo makes, by `schema.table`."""
    names = [f"{schema}.{name}" for schema, name in own_tables() if schema != "truth"]
    sizes = {}
    for name in names:
        found = connection.execute(f"select count(*) from {name}").fetchone()
        sizes[name] = int(found[0]) if found else 0
    return sizes
