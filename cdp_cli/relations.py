"""Where the project's tables are in the warehouse, by the names that dbt knows them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cdp_cli.errors import FixModel


class Relation(NamedTuple):
    """A table or view. As text it is its quoted name, to be put into SQL."""

    schema: str
    table: str

    @property
    def name(self) -> str:
        """`schema.table`, to be read by people."""
        return f"{self.schema}.{self.table}"

    def __str__(self) -> str:
        return f'"{self.schema}"."{self.table}"'


@dataclass(frozen=True)
class Relations:
    """Every model, seed and source table of one project and target, as dbt's manifest has them.

    `nodes` are models and seeds by name, `tables` the tables of sources by source and name.
    """

    nodes: Mapping[str, Relation]
    tables: Mapping[tuple[str, str], Relation]

    def ref(self, name: str) -> Relation:
        """The relation of a model or seed, as `ref()` in a model. Raises FixModel if there is none."""
        if name not in self.nodes:
            raise FixModel(
                f"The dbt project has no model or seed {name!r}, which `cdp` reads.",
                "Enable it if dbt_project.yml disables it; otherwise update the package with `dbt deps`.",
            )
        return self.nodes[name]

    def source(self, source: str, table: str) -> Relation:
        """The relation of a source's table, as `source()` in a model. Raises FixModel if there is none."""
        if (source, table) not in self.tables:
            raise FixModel(
                f"The dbt project has no source table {source}.{table}, which `cdp` uses.",
                "Update the package that declares it with `dbt deps`.",
            )
        return self.tables[source, table]
