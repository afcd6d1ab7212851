"""The log of decisions in a warehouse: reads it, and appends to it."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from cdp_cli.errors import FixModel
from cdp_cli.identity.clustering.decisions import SCHEMA
from cdp_cli.warehouse import Warehouse


def now() -> dt.datetime:
    """The moment, in UTC without a zone.

    Take it only while the warehouse is held: a build that ran until then has not seen what is decided at it.
    """
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def need_build(warehouse: Warehouse, table: str = "identity_map") -> None:
    """Raise FixModel if identity was not built yet."""
    if not warehouse.exists("identity", table):
        raise FixModel(f"The warehouse has no table identity.{table}.", "Run `dbt build` first.")


def read_decisions(warehouse: Warehouse) -> pa.Table:
    """All of cdp.identity_decisions."""
    if not warehouse.exists("cdp", "identity_decisions"):
        return SCHEMA.empty_table()
    return warehouse.arrow("select * from cdp.identity_decisions")


def add_decisions(warehouse: Warehouse, rows: pa.Table) -> None:
    """Append rows, in the columns of decisions.SCHEMA; an earlier release's log gets the columns it lacks."""
    there = warehouse.columns("cdp", "identity_decisions")
    missing = {name: "string" for name in SCHEMA.names if there and name not in there}
    if missing:
        warehouse.add_columns("cdp", "identity_decisions", missing)
    warehouse.append("cdp", "identity_decisions", rows)
