"""Plain Parquet tables behind a SparkSession: tables that are inserted into or swapped, never changed."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration, FixInput
from cdp_cli.warehouse.base import Lent
from cdp_cli.warehouse.spark.journal import Journal, Staged
from cdp_cli.warehouse.spark.session import has_own_metastore, is_local, spark_folder, spark_session
from cdp_cli.warehouse.spark.types import from_spark, storable, to_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# More rows than these travel to the executors as a Parquet file, not through the driver.
_SMALL = 20_000
_FORMAT = "parquet"


class SparkWarehouse:
    """A visit to the tables of a SparkSession. `folder` is ours on this machine."""

    def __init__(self, session: SparkSession, folder: Path, *, shares_files: bool) -> None:
        self._session = session
        self._folder = folder
        # Whether the executors read this machine's files.
        self._shares_files = shares_files
        self._journal = Journal(folder / "unfinished")
        self._staged: Staged | None = None

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The result of a query as one Arrow table; timestamps are in UTC, without a zone."""
        table: pa.Table = self._sql(sql, parameters).toArrow()
        return table

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The result of a small query as dictionaries by column name."""
        return [row.asDict() for row in self._sql(sql, parameters).collect()]

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement for its effect."""
        self._sql(sql, parameters).collect()

    def exists(self, schema: str, table: str) -> bool:
        """Whether there is a table or view of that name."""
        return bool(self._session.catalog.tableExists(f"{schema}.{table}"))

    def tables(self, schema: str) -> list[str]:
        """The names of the schema's tables and views, sorted; none where there is no such schema."""
        if not self._session.catalog.databaseExists(schema):
            return []
        found = self.rows(f"show tables in {_quoted(schema)}")
        return sorted(row["tableName"] for row in found if not row["isTemporary"])

    def columns(self, schema: str, table: str) -> Mapping[str, str]:
        """Column names in their order, each with its type; empty where there is no such table."""
        if not self.exists(schema, table):
            return {}
        fields = self._session.table(_name(schema, table)).schema.fields
        return {field.name: from_spark(field.dataType.simpleString()) for field in fields}

    def append(self, schema: str, table: str, rows: pa.Table) -> None:
        """Add rows, by column name; the table is made where it is missing.

        One insert is all or nothing. Inside of a transaction the rows wait for its end.
        """
        given = storable(rows)
        if self._staged is not None:
            self._staged.add(schema, table, given)
        elif given.num_rows <= _SMALL or not self._shares_files:
            self._insert(schema, table, self._session.createDataFrame(given))
        else:
            with self._journal.scratch() as folder:
                pq.write_table(given, folder / "rows.parquet")
                self._insert(schema, table, self._session.read.parquet(str(folder)))

    def replace(self, schema: str, table: str, parquet: Path) -> None:
        """Make the table what a Parquet file, or a folder of them, holds. Readers see the old or the new.

        The files are written to a folder of their own, to which the table is pointed in one step. A table
        that loses a column, or changes a type, is made anew: for an instant there is none.
        """
        self._make_schema(schema)
        place = f"{self._session.catalog.getDatabase(schema).locationUri}/{table}__{uuid.uuid4().hex[:12]}"
        self._place(parquet, place)
        schema_of_files = self._session.read.parquet(place).schema
        wanted = {field.name: field.dataType.simpleString() for field in schema_of_files.fields}
        there = self._types(schema, table)
        old = self._location(schema, table) if there else None
        if there and not set(there.items()) <= set(wanted.items()):
            self.execute(f"drop table {_name(schema, table)}")
            there = {}
        if there:
            self._alter(schema, table, {name: kind for name, kind in wanted.items() if name not in there})
            self.execute(f"alter table {_name(schema, table)} set location {_text(place)}")
        else:
            self._session.catalog.createTable(
                f"{schema}.{table}", path=place, source=_FORMAT, schema=schema_of_files
            )
        if old is not None and self._shares_files:
            # Nobody else reads it: a local session has its metastore for itself.
            shutil.rmtree(_path(old), ignore_errors=True)

    def export(self, sql: str, parquet: Path) -> None:
        """Write the result of a query to Parquet files in the folder `parquet`."""
        if self._shares_files:
            self._sql(sql, ()).write.parquet(str(parquet))
        else:
            parquet.mkdir(parents=True)
            pq.write_table(self.arrow(sql), parquet / "rows.parquet")

    def add_columns(self, schema: str, table: str, columns: Mapping[str, str]) -> None:
        """Give a table columns, each of a type in DuckDB's words; rows that are there get null."""
        self._alter(schema, table, {name: to_spark(kind) for name, kind in columns.items()})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is appended inside is there when the context ends, or, where it raises, nothing of it.

        The rows wait in Parquet files, and are inserted at the end, table by table in the order of their
        first append. What a crash interrupts there is finished by the next visit that writes. Columns that
        were added stay in any case.
        """
        with self._journal.begin() as staged:
            self._staged = staged
            try:
                yield
            finally:
                self._staged = None
            staged.note({name: self._count(*name) for name in staged.tables})
            self._finish(staged)

    @contextmanager
    def lend(self, work: duckdb.DuckDBPyConnection) -> Iterator[Lent]:
        """Each query's rows as an Arrow table that `work` reads while the context lasts."""
        lent: list[str] = []

        def relation(sql: str, parameters: Sequence[object]) -> str:
            name = f"lent_{len(lent)}"
            work.register(name, self.arrow(sql, parameters))
            lent.append(name)
            return name

        try:
            yield relation
        finally:
            for name in lent:
                work.unregister(name)

    @contextmanager
    def generator(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB file beside the tables, for one holder at a time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(self._folder / "generator.duckdb"))
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()

    def hand_over(self, generator: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]) -> None:
        """Make the warehouse's tables, given by schema and name, what they are in `generator`.

        Raises FixInput where that would lose rows that were loaded into one of them.
        """
        names = list(tables)
        for schema, table in names:
            if "_load_id" in self.columns(schema, table):
                raise FixInput(
                    f"{schema}.{table} holds rows of `cdp load`, which the generated ones would replace.",
                    "Load into tables of your own, or into another warehouse (CDP_DATA names its folder).",
                )
        for schema, table in names:
            with self._journal.scratch() as folder:
                parquet = folder / "rows.parquet"
                generator.sql(f'from "{schema}"."{table}"').write_parquet(str(parquet))
                self.replace(schema, table, parquet)

    def recover(self) -> None:
        """Finish the transactions whose process ended between its inserts."""
        for staged in self._journal.unfinished():
            self._finish(staged)

    def _finish(self, staged: Staged) -> None:
        for (schema, table), before, files in staged.noted():
            if self._count(schema, table) != before:
                # This insert happened before the process ended.
                continue
            self._insert(schema, table, self._frame(files))

    def _frame(self, folder: Path) -> DataFrame:
        if self._shares_files:
            return self._session.read.option("mergeSchema", "true").parquet(str(folder))
        parts = [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]
        return self._session.createDataFrame(pa.concat_tables(parts, promote_options="default"))

    def _insert(self, schema: str, table: str, rows: DataFrame) -> None:
        self._make_schema(schema)
        if not self.exists(schema, table):
            self._session.catalog.createTable(f"{schema}.{table}", schema=rows.schema, source=_FORMAT)
        rows.createOrReplaceTempView("cdp_appended_rows")
        try:
            self.execute(f"insert into {_name(schema, table)} by name select * from cdp_appended_rows")
        finally:
            self._session.catalog.dropTempView("cdp_appended_rows")

    def _count(self, schema: str, table: str) -> int:
        if not self.exists(schema, table):
            return 0
        return int(self.rows(f"select count(*) as n from {_name(schema, table)}")[0]["n"])

    def _alter(self, schema: str, table: str, columns: Mapping[str, str]) -> None:
        if columns:
            added = ", ".join(f"{_quoted(name)} {kind}" for name, kind in columns.items())
            self.execute(f"alter table {_name(schema, table)} add columns ({added})")

    def _make_schema(self, schema: str) -> None:
        if not self._session.catalog.databaseExists(schema):
            self.execute(f"create schema if not exists {_quoted(schema)}")

    def _types(self, schema: str, table: str) -> dict[str, str]:
        if not self.exists(schema, table):
            return {}
        fields = self._session.table(_name(schema, table)).schema.fields
        return {field.name: field.dataType.simpleString() for field in fields}

    def _location(self, schema: str, table: str) -> str | None:
        described = self.rows(f"describe extended {_name(schema, table)}")
        found = [row["data_type"] for row in described if row["col_name"] == "Location"]
        return str(found[0]) if found else None

    def _place(self, parquet: Path, place: str) -> None:
        """Put Parquet where the executors read it."""
        if self._shares_files:
            target = _path(place)
            target.mkdir(parents=True)
            for file in sorted(parquet.glob("*.parquet")) if parquet.is_dir() else [parquet]:
                shutil.copy(file, target / file.name)
        else:
            self._session.createDataFrame(storable(pq.read_table(parquet))).write.parquet(place)

    def _sql(self, sql: str, parameters: Sequence[object]) -> DataFrame:
        return self._session.sql(sql, args=list(parameters)) if parameters else self._session.sql(sql)


def change_token(_settings: Settings) -> object:
    """None: nothing here tells cheaply whether a table changed."""
    return None


@contextmanager
def open_warehouse(
    settings: Settings, *, read_only: bool, create: bool, wait_seconds: float
) -> Iterator[SparkWarehouse]:
    """Visit the tables of the process's session; see `cdp_cli.warehouse.open_warehouse`.

    The session stays for the next visit: another would cost seconds, and a local one lets go of its
    metastore only when the process ends.
    """
    if not create and has_own_metastore(settings) and not (spark_folder(settings) / "metastore").exists():
        raise FixConfiguration(
            f"There is no warehouse at {spark_folder(settings)}.",
            "Make one with `cdp demo` or `cdp load`, or correct `server_side_parameters` in profiles.yml.",
        )
    session = spark_session(settings, wait_seconds=wait_seconds)
    warehouse = SparkWarehouse(session, spark_folder(settings), shares_files=is_local(settings))
    if not read_only:
        warehouse.recover()
    yield warehouse


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _name(schema: str, table: str) -> str:
    return f"{_quoted(schema)}.{_quoted(table)}"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _path(location: str) -> Path:
    """The folder that a `file:` URI or a plain path names."""
    return Path("/" + location.removeprefix("file:").lstrip("/"))
