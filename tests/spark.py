"""A local Spark warehouse that tests share: the same tables as a DuckDB project has, in plain Parquet."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from cdp_cli.config import Settings
from cdp_cli.warehouse import open_warehouse

TARGET = "spark"


def why_not() -> str | None:
    """Why Spark cannot run here; None where it can."""
    if find_spec("pyspark") is None:
        return "PySpark is not installed: pip install '.[spark]'"
    if shutil.which("java") is None:
        return "there is no Java on the PATH"
    return None


def skip_without_spark() -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)


def settings_of(root: Path, target: str = TARGET) -> Settings:
    """A project's Spark target, with its tables in the project's data folder."""
    profile = {"type": "spark", "method": "session", "schema": "cdp"}
    return Settings(root, root, root / "data", target, profile)


def copy_tables(duckdb_file: Path, settings: Settings, scratch: Path) -> None:
    """Give the Spark warehouse every table and view of a DuckDB file, except staging and the unions."""
    with (
        duckdb.connect(str(duckdb_file), read_only=True) as connection,
        open_warehouse(settings, read_only=False, create=True) as warehouse,
    ):
        found = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema not in ('staging', 'main') "
            "and (table_schema <> 'unified' or table_name = 'unified_people') order by all"
        ).fetchall()
        for schema, table in found:
            parquet = scratch / f"{schema}.{table}.parquet"
            connection.sql(f'from "{schema}"."{table}"').write_parquet(str(parquet))
            warehouse.replace(schema, table, parquet)
