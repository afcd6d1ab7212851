"""The questions that every engine answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa


class Warehouse(Protocol):
    """One short visit to a warehouse.

    Names are `schema.table`. SQL is plain ANSI: what an engine says differently is behind a method here.
    """

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The result of a query as one Arrow table."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The result of a small query as dictionaries by column name."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement for its effect."""

    def exists(self, schema: str, table: str) -> bool:
        """Whether there is a table or view of that name."""

    def columns(self, schema: str, table: str) -> Mapping[str, str]:
        """Column names in their order, each with the engine's type; empty where there is no such table."""

    def append(self, schema: str, table: str, rows: pa.Table) -> None:
        """Add rows, by column name, in one transaction; the table is made where it is missing."""

    def add_columns(self, schema: str, table: str, columns: Mapping[str, str]) -> None:
        """Give a table columns, each of an SQL type; rows that are there get null."""

    def transaction(self) -> AbstractContextManager[None]:
        """All that is written inside happens when the context ends, or, where it raises, not at all."""
