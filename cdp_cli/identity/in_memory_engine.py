"""The engine in this process's memory: DuckDB on Arrow tables. One machine's builds, evaluation and tests."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.identity.engine import Relation, Work

# More threads than that gain little on what one machine links, and two builds may share it.
_THREADS = 2
# Of the machine's memory: the warehouse has its own share, and what is returned is held besides.
_MEMORY = "25%"


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory for linking. It keeps rows in order, so that equal input gives equal bytes.

    What exceeds its share of memory goes to files that nobody else may read, and that go with the process.
    """
    return duckdb.connect(
        ":memory:",
        config={"threads": _THREADS, "memory_limit": _MEMORY, "temp_directory": _overflow_folder()},
    )


@cache
def _overflow_folder() -> str:
    folder = tempfile.mkdtemp(prefix="cdp-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class InMemory:
    """An engine on a DuckDB in memory; relations are Arrow tables.

    It never is the warehouse's own connection: Splink leaves tables behind.
    """

    distributed = False

    def __init__(self, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        self.connection = connection or connect()
        self._given: set[str] = set()

    def table(self, name: str) -> Relation:
        """A table of the warehouse: there is none in memory, but what was given."""
        return self.arrow(f"select * from {name}")

    def read(self, relation: Relation) -> pa.Table:
        """All rows of a relation."""
        return relation

    def query(self, relation: Relation, select: str) -> pa.Table:
        """A small answer about a relation, which the query calls `given`."""
        self.connection.register("given", relation)
        try:
            return self.arrow(select)
        finally:
            self.connection.unregister("given")

    def register(
        self, name: str, relation: Relation, select: str = "*", where: str = "true", *, once: bool = False
    ) -> None:
        """Make rows of a relation, or expressions over them, known by a name."""
        if (select, where) != ("*", "true"):
            relation = self.query(relation, f"select {select} from given where {where}")
        self._register_arrow(name, relation)

    def _register_arrow(self, name: str, rows: Any) -> None:
        """Make Arrow known by a name, until it is dropped."""
        self.connection.register(name, rows)
        self._given.add(name)

    def create_table(self, name: str, select: str) -> None:
        """Make a table of what a query returns now."""
        self.connection.execute(f"create or replace table {name} as {select}")

    def number(self, name: str, select: str, key: str) -> None:
        """Make a table of a query and a column `n` that numbers the rows from 0 by a unique key."""
        self.create_table(
            name,
            f"select cast(row_number() over (order by {key}) - 1 as integer) as n, * "
            f"from ({select}) as unnumbered order by {key}",
        )

    def drop(self, *names: str) -> None:
        """Forget tables."""
        for name in names:
            if name in self._given:
                self.connection.unregister(name)
                self._given.remove(name)
            else:
                self.connection.execute(f"drop table if exists {name}")

    def arrow(self, select: str) -> pa.Table:
        """What a query returns."""
        return self.connection.sql(select).to_arrow_table()

    def result(self, select: str, schema: pa.Schema) -> Relation:
        """What a query returns, as Arrow."""
        return self.arrow(select).cast(schema)

    def map_partitions(self, tables: Mapping[str, str], work: Work, schema: pa.Schema) -> Relation:
        """What `work` makes of each bucket, one after the other."""
        whole = {name: self.arrow(select) for name, select in tables.items()}
        buckets = sorted({bucket for table in whole.values() for bucket in table["bucket"].to_pylist()})
        done = [
            work(
                {
                    name: table.filter(pc.equal(table["bucket"], bucket)).drop_columns("bucket")
                    for name, table in whole.items()
                }
            ).cast(schema)
            for bucket in buckets
        ]
        return pa.concat_tables([schema.empty_table(), *done])

    def append(self, name: str, relation: Relation) -> None:
        """Add rows, by column name, to a table."""
        self.connection.register("appended", relation)
        self.connection.execute(f"insert into {name} by name select * from appended")
        self.connection.unregister("appended")

    def to_relation(self, table: Relation) -> Relation:
        """A small Arrow table as it is."""
        return table

    @contextmanager
    def splink(self) -> Iterator[Any]:
        """Splink's database API over the tables of this engine."""
        from splink import DuckDBAPI

        api = DuckDBAPI(self.connection)
        try:
            yield api
        finally:
            api.delete_tables_created_by_splink_from_db()

    def splink_name(self, name: str) -> str:
        """The name of a table, which is its own."""
        return name

    def splink_condition(self, condition: str) -> str:
        """An SQL expression as it is."""
        return condition

    def close(self) -> None:
        """Let go of all tables."""
        self.connection.close()
