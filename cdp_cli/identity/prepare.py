"""Normalises people in memory by the SQL models that a build runs, as dbt compiled them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import duckdb
import pyarrow as pa

from cdp_cli.identity.linking.caps import caps_in_force

# What linking people in memory needs: the models with all that they read, and seeds.
NEEDED = (
    "identity_keys", "identity_blocks",
    "identifier_types", "nicknames", "blocking_rules",
)  # fmt: skip
# Of what these read, what the caller has: the person records, and the caps that a trained model gives.
GIVEN = ("unified_people", "identity_caps")


class Model(Protocol):
    """A compiled model: its SELECT, which names tables by their names alone, and how it is materialized."""

    @property
    def sql(self) -> str:
        """The statement."""

    @property
    def materialized(self) -> str:
        """`view`, `table`, ..."""


class Seed(Protocol):
    """A seed's CSV file and its columns' types, in DuckDB's words, in the order of the file."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def column_types(self) -> Mapping[str, str]:
        """Types by column."""


class IdentitySql(Protocol):
    """Compiled models, each after those that it reads, the seeds, and the columns of what the caller has."""

    @property
    def models(self) -> Mapping[str, Model]:
        """Models by name."""

    @property
    def seeds(self) -> Mapping[str, Seed]:
        """Seeds by name."""

    @property
    def given(self) -> Mapping[str, Mapping[str, str]]:
        """For each model that the caller has, its columns' types, in DuckDB's words."""


def prepare(connection: duckdb.DuckDBPyConnection, people: pa.Table, sql: IdentitySql) -> None:
    """Make the seeds and all models of `sql` in `connection`, of people and the caps of the seed.

    `people` has columns of the person entity; those that it lacks are null.
    """
    load_seeds(connection, sql)
    register_people(connection, people, sql)
    register_caps(connection, {})
    make_models(connection, sql)


def load_seeds(connection: duckdb.DuckDBPyConnection, sql: IdentitySql) -> None:
    """Make the seeds as tables in `connection`."""
    for name, seed in sql.seeds.items():
        connection.execute(
            f"create or replace temp table {name} as "
            f"select * from read_csv(?, header = true, types = {dict(seed.column_types)})",
            [seed.path],
        )


def register_people(connection: duckdb.DuckDBPyConnection, people: pa.Table, sql: IdentitySql) -> None:
    """Make `people`, with columns of the person entity, known as the model unified_people."""
    connection.register("given_people", people)
    columns = ", ".join(
        f"cast({_quoted(name)} as {type_}) as {name}"
        if name in people.column_names
        else f"cast(null as {type_}) as {name}"
        for name, type_ in sql.given["unified_people"].items()
    )
    connection.execute(f"create or replace temp view unified_people as select {columns} from given_people")


def register_caps(connection: duckdb.DuckDBPyConnection, learnt: Mapping[str, int]) -> None:
    """Make the model identity_caps of the seed blocking_rules and the lower caps that a model learnt."""
    rules = connection.sql("select * from blocking_rules").to_arrow_table()
    connection.register("given_caps", caps_in_force(rules, learnt))
    connection.execute("create or replace temp table identity_caps as select * from given_caps")


def make_models(connection: duckdb.DuckDBPyConnection, sql: IdentitySql) -> None:
    """Make each model of `sql` as a view or a table, as dbt would."""
    for name, model in sql.models.items():
        kind = "view" if model.materialized == "view" else "table"
        connection.execute(f"create or replace temp {kind} {name} as {model.sql}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
