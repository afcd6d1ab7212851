"""What identity asks of the place where its tables are.

SQL is written once, in DuckDB's dialect; an engine that speaks another translates it. What may be as large as
the customer base stays with the engine as tables by name; only what is small comes back as Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa

# A table as the engine hands it around: Arrow in memory, a relation or a frame of a warehouse.
Relation = Any

# Turns Arrow tables by name into one Arrow table, wherever it runs.
Work = Callable[[Mapping[str, pa.Table]], pa.Table]


class Engine(Protocol):
    """Tables by name, in a space of its own that goes with it. Names are lower-case words."""

    @property
    def distributed(self) -> bool:
        """Whether tables may be larger than the memory of this process."""

    def table(self, name: str) -> Relation:
        """A table of the warehouse, by its full name."""

    def read(self, relation: Relation) -> pa.Table:
        """All rows of a relation; where the engine is distributed, of a small one."""

    def query(self, relation: Relation, select: str) -> pa.Table:
        """A small answer about a relation, which the query calls `given`, without reading all of it."""

    def register(
        self, name: str, relation: Relation, select: str = "*", where: str = "true", *, once: bool = False
    ) -> None:
        """Make rows of a relation known by a name, or the expressions that `select` lists over them.

        With `once`, one query at most reads them, and it is the next thing that is asked of the engine.
        """

    def create_table(self, name: str, select: str) -> None:
        """Make a table of what a query returns now, in place of what had the name before."""

    def number(self, name: str, select: str, key: str) -> None:
        """Make a table of a query and a column `n` that numbers the rows from 0 by a unique key."""

    def drop(self, *names: str) -> None:
        """Forget tables."""

    def arrow(self, select: str) -> pa.Table:
        """What a query returns; where the engine is distributed, a small result."""

    def result(self, select: str, schema: pa.Schema) -> Relation:
        """What a query returns, in the columns of `schema`, as a model returns it. It outlives the engine."""

    def map_partitions(self, tables: Mapping[str, str], work: Work, schema: pa.Schema) -> Relation:
        """What `work` makes of each bucket, put together in the columns of `schema`, as a model returns it.

        `tables` are queries with a column `bucket`; `work` gets the rows of one bucket of each, without that
        column, and runs where the rows are. It outlives the engine.
        """

    def append(self, name: str, relation: Relation) -> None:
        """Add rows, by column name, to a table of the warehouse that exists, by its full name."""

    def to_relation(self, table: Relation) -> Relation:
        """A small Arrow table as a model returns it; a relation stays as it is."""

    def splink(self) -> AbstractContextManager[Any]:
        """Splink's database API over the tables of this engine; what Splink made goes when it ends."""

    def splink_name(self, name: str) -> str:
        """The name under which Splink finds a table of this engine."""

    def splink_condition(self, condition: str) -> str:
        """An SQL expression in the dialect of `splink`."""

    def close(self) -> None:
        """Let go of all tables."""
