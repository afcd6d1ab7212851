"""Finds identity's engine for the session that dbt gives a Python model."""

from __future__ import annotations

from typing import Any

from cdp_cli.identity.engine import Engine


def engine_of(session: Any) -> Engine:
    """The engine over the tables of a session: a SparkSession, or dbt's session on an embedded warehouse."""
    if hasattr(session, "createDataFrame"):
        from cdp_cli.warehouse.spark.engine import SparkEngine

        return SparkEngine(session)
    from cdp_cli.warehouse.duckdb.engine import DuckDBEngine

    return DuckDBEngine(session)
