"""The questions that every engine answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

# From a query with its parameters to a relation that another connection can read.
Lent = Callable[[str, Sequence[object]], str]


class Warehouse(Protocol):
    """One short visit to a warehouse.

    Names are `schema.table`. SQL is plain ANSI: names in double quotes, text in single ones, values as `?`.
    What an engine says differently is behind a method here.
    """

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The result of a query as one Arrow table; timestamps are in UTC, without a zone."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The result of a small query as dictionaries by column name."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement for its effect."""

    def exists(self, schema: str, table: str) -> bool:
        """Whether there is a table or view of that name."""

    def tables(self, schema: str) -> list[str]:
        """The names of the schema's tables and views, sorted; none where there is no such schema."""

    def columns(self, schema: str, table: str) -> Mapping[str, str]:
        """Column names in their order, each with its type; empty where there is no such table.

        Types are in DuckDB's words on every engine: VARCHAR, BIGINT, DECIMAL(12,2), TIMESTAMP, ...
        """

    def append(self, schema: str, table: str, rows: pa.Table) -> None:
        """Add rows, by column name, in one transaction; the table is made where it is missing."""

    def replace(self, schema: str, table: str, parquet: Path) -> None:
        """Make the table what a Parquet file, or a folder of them, holds. Readers see the old or the new."""

    def export(self, sql: str, parquet: Path) -> None:
        """Write the result of a query to Parquet at `parquet`: a file or a folder, as the engine likes."""

    def add_columns(self, schema: str, table: str, columns: Mapping[str, str]) -> None:
        """Give a table columns, each of a type in DuckDB's words; rows that are there get null."""

    def transaction(self) -> AbstractContextManager[None]:
        """All that is appended inside is there when the context ends, or, where it raises, nothing of it."""

    def lend(self, work: duckdb.DuckDBPyConnection) -> AbstractContextManager[Lent]:
        """Let `work` read this warehouse while the context lasts, without a copy where that can be.

        Yields what turns a query of ours, with its parameters, into SQL that is a relation in `work`.
        Timestamps are in UTC, without a zone.
        """

    def generator(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A DuckDB database for generating data in bulk: the warehouse itself, or one beside it."""

    def hand_over(self, generator: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]) -> None:
        """Make the warehouse's tables, given by schema and name, what they are in `generator`.

        Raises FixInput where that would lose rows that were loaded into one of them.
        """
