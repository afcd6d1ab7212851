"""The embedded warehouse: one DuckDB file, one writer at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration, TryAgain
from cdp_cli.warehouse.base import Lent

_LOCK_POLL_SECONDS = 0.2


class DuckDBWarehouse:
    """A visit to a DuckDB file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._in_transaction = False

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The result of a query as one Arrow table."""
        # A cursor of its own: a relation is Arrow without a second copy, and needs an idle connection.
        return self.connection.cursor().sql(sql, params=list(parameters)).to_arrow_table()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The result of a small query as dictionaries by column name."""
        cursor = self.connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement for its effect."""
        self.connection.execute(sql, list(parameters))

    def exists(self, schema: str, table: str) -> bool:
        """Whether there is a table or view of that name."""
        return bool(self.columns(schema, table))

    def tables(self, schema: str) -> list[str]:
        """The names of the schema's tables and views, sorted; none where there is no such schema."""
        found = self.rows(
            "select table_name from information_schema.tables "
            "where table_schema = ? and table_catalog = current_database() order by table_name",
            [schema],
        )
        return [row["table_name"] for row in found]

    def columns(self, schema: str, table: str) -> Mapping[str, str]:
        """Column names in their order, each with its type; empty where there is no such table."""
        found = self.rows(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = ? and table_name = ? order by ordinal_position",
            [schema, table],
        )
        return {row["column_name"]: row["data_type"] for row in found}

    def append(self, schema: str, table: str, rows: pa.Table) -> None:
        """Add rows, by column name, in one transaction; the table is made where it is missing."""
        self.connection.register("appended_rows", rows)
        try:
            with nullcontext() if self._in_transaction else self.transaction():
                self.connection.execute(f'create schema if not exists "{schema}"')
                self.connection.execute(
                    f'create table if not exists "{schema}"."{table}" as from appended_rows limit 0'
                )
                self.connection.execute(f'insert into "{schema}"."{table}" by name from appended_rows')
        finally:
            self.connection.unregister("appended_rows")

    def replace(self, schema: str, table: str, parquet: Path) -> None:
        """Make the table what a Parquet file, or a folder of them, holds. Readers see the old or the new."""
        files = parquet / "*.parquet" if parquet.is_dir() else parquet
        self.connection.execute(f'create schema if not exists "{schema}"')
        self.connection.execute(
            f'create or replace table "{schema}"."{table}" as from read_parquet(?)', [str(files)]
        )

    def export(self, sql: str, parquet: Path) -> None:
        """Write the result of a query to the Parquet file `parquet`."""
        self.connection.sql(sql).write_parquet(str(parquet))

    def add_columns(self, schema: str, table: str, columns: Mapping[str, str]) -> None:
        """Give a table columns, each of an SQL type; rows that are there get null."""
        for column, data_type in columns.items():
            self.connection.execute(f'alter table "{schema}"."{table}" add column "{column}" {data_type}')

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside happens when the context ends, or, where it raises, not at all."""
        self.connection.execute("begin")
        self._in_transaction = True
        try:
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        else:
            self.connection.execute("commit")
        finally:
            self._in_transaction = False

    @contextmanager
    def lend(self, work: duckdb.DuckDBPyConnection) -> Iterator[Lent]:
        """Attach the file to `work`, under its own name, because its views speak of it by that name."""
        own, path = self.connection.execute(
            "select database_name, path from duckdb_databases() where database_name = current_database()"
        ).fetchall()[0]
        before = work.execute("select current_database()").fetchall()[0][0]
        work.execute(f"""attach {_literal(path)} as "{own}" (read_only)""")
        try:
            work.execute(f'use "{own}"')
            yield lambda sql, parameters: f"({_inlined(sql, parameters)})"
        finally:
            work.execute(f'use "{before}"')
            work.execute(f'detach "{own}"')

    @contextmanager
    def generator(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse itself: what is generated need not be carried anywhere."""
        yield self.connection

    def hand_over(self, generator: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]) -> None:
        """Nothing to do: the tables are where they belong."""


def change_token(settings: Settings) -> object:
    """What is another after each change of the file, and costs next to nothing to ask."""
    path = _path(settings)
    found = []
    for file in (path, path.with_name(f"{path.name}.wal")):
        try:
            state = file.stat()
            found.append((state.st_mtime_ns, state.st_size, state.st_ino))
        except FileNotFoundError:
            found.append((0, 0, 0))
    return tuple(found)


@contextmanager
def open_warehouse(
    settings: Settings, *, read_only: bool, create: bool, wait_seconds: float
) -> Iterator[DuckDBWarehouse]:
    """Open the file that profiles.yml names; see `cdp_cli.warehouse.open_warehouse`."""
    path = _path(settings)
    if not path.exists():
        if not create:
            raise FixConfiguration(
                f"There is no warehouse at {path}.",
                "Make one with `cdp demo` or `cdp load`, or correct `path` in profiles.yml.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path, read_only and path.exists(), wait_seconds)
    try:
        connection.execute("set timezone = 'UTC'")
        yield DuckDBWarehouse(connection)
    finally:
        connection.close()


def _path(settings: Settings) -> Path:
    path = Path(settings.profile.get("path", ":memory:"))
    return path if path.is_absolute() else settings.project_dir / path


def _inlined(sql: str, parameters: Sequence[object]) -> str:
    """The query with its parameters as literals: a view cannot have any."""
    parts = sql.split("?")
    if len(parts) != len(parameters) + 1:
        raise ValueError(f"{len(parts) - 1} question marks for {len(parameters)} parameters")
    values = [_literal(str(value)) for value in parameters]
    return "".join(part + value for part, value in zip(parts, [*values, ""], strict=True))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _connect(path: Path, read_only: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as error:
            if "Could not set lock on file" not in str(error):
                raise FixConfiguration(
                    f"{path} cannot be opened as a DuckDB file.",
                    "Check that it is one, that this version of DuckDB can read it, and its permissions.",
                ) from error
            if time.monotonic() >= deadline:
                holder = re.search(r"PID (\d+)", str(error))
                who = f"process {holder[1]}" if holder else "another process"
                raise TryAgain(
                    f"The warehouse {path} is in use by {who}.",
                    "Wait until it is done, or stop it, and try again.",
                ) from error
            time.sleep(_LOCK_POLL_SECONDS)
