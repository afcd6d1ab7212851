"""The log of decisions in a warehouse: reads it, and appends to it."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from cdp_cli.errors import FixModel
from cdp_cli.identity.clustering.decisions import SCHEMA
from cdp_cli.relations import Relations
from cdp_cli.warehouse import Warehouse


def now() -> dt.datetime:
    """The moment, in UTC without a zone.

    Take it only while the warehouse is held: a build that ran until then has not seen what is decided at it.
    """
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def need_build(warehouse: Warehouse, relations: Relations, table: str = "identity_map") -> None:
    """Raise FixModel if identity was not built yet."""
    relation = relations.ref(table)
    if not warehouse.exists(*relation):
        raise FixModel(f"The warehouse has no table {relation.name}.", "Run `dbt build` first.")


def read_decisions(warehouse: Warehouse, relations: Relations) -> pa.Table:
    """All rows of the log of decisions."""
    log = relations.source("cdp", "identity_decisions")
    if not warehouse.exists(*log):
        return SCHEMA.empty_table()
    return warehouse.arrow(f"select * from {log}")


def add_decisions(warehouse: Warehouse, relations: Relations, rows: pa.Table) -> None:
    """Append rows, in the columns of decisions.SCHEMA; an earlier release's log gets the columns it lacks."""
    log = relations.source("cdp", "identity_decisions")
    there = warehouse.columns(*log)
    missing = {name: "string" for name in SCHEMA.names if there and name not in there}
    if missing:
        warehouse.add_columns(*log, missing)
    warehouse.append(*log, rows)
