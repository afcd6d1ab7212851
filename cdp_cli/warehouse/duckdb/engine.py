"""Identity's engine on the embedded warehouse: its tables are read into memory, and linked there."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from cdp_cli.identity.engine import Relation
from cdp_cli.identity.in_memory_engine import InMemory


def serves(session: Any) -> bool:
    """Whether a session of dbt is one on an embedded warehouse."""
    return hasattr(session, "cursor")


def make(session: Any) -> DuckDBEngine:
    """The engine over such a session."""
    return DuckDBEngine(session)


class DuckDBEngine(InMemory):
    """Links in memory what relations of dbt's session hold. Nothing is read before it is needed."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self._session = session

    def table(self, name: str) -> Relation:
        """A table of the warehouse, by its full name."""
        return self._session.cursor().sql(f"select * from {name}")

    def append(self, name: str, relation: Relation) -> None:
        """Add rows, by column name, to a table of the warehouse."""
        if relation.num_rows:
            cursor = self._session.cursor()
            cursor.register("appended", relation)
            cursor.execute(f"insert into {name} by name select * from appended")

    def read(self, relation: Relation) -> pa.Table:
        """All rows of a relation."""
        return relation if isinstance(relation, pa.Table) else relation.to_arrow_table()

    def query(self, relation: Relation, select: str) -> pa.Table:
        """A small answer about a relation, which the query calls `given`; the warehouse gives it."""
        if isinstance(relation, pa.Table):
            return super().query(relation, select)
        return relation.query("given", select).to_arrow_table()

    def register(
        self, name: str, relation: Relation, select: str = "*", where: str = "true", *, once: bool = False
    ) -> None:
        """Make rows of a relation known by a name; read `once`, they are never whole in memory."""
        if isinstance(relation, pa.Table):
            return super().register(name, relation, select, where, once=once)
        chosen = relation.query("given", f"select {select} from given where {where}")
        self._register_arrow(name, chosen.arrow() if once else chosen.to_arrow_table())
        return None
