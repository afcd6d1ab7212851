"""A warehouse with a payload and consent, a destination, and a sync between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from cdp_cli.activation.engine import SyncResult, plan_sync, run_sync
from cdp_cli.activation.plan import Plan
from cdp_cli.activation.spec import Sync, SyncSpec
from cdp_cli.activation.trials import Pace
from cdp_cli.config import Settings
from cdp_cli.relations import Relation
from tests.relations import RELATIONS

from .double import Double, Receiver

Row = dict[str, Any]

SCHEMA = """
    create schema if not exists activation;
    create schema if not exists profiles;
    create table if not exists profiles.purposes (purpose varchar, channel varchar);
    create table if not exists profiles.profile_consents (profile_id varchar, purpose varchar, state varchar);
    create table if not exists profiles.profile_suppressions (profile_id varchar, channel varchar);
    create table if not exists profiles.profile_identifiers (
        profile_id varchar, identifier_type varchar, identifier_value varchar, identifier_class varchar
    );
"""


def person(name: str, **changed: Any) -> Row:
    """A row of the payload: profile and external id are the name."""
    return {
        "profile_id": name,
        "external_id": name,
        "email": f"{name}@example.com",
        "city": "Bonn",
        **changed,
    }


class World:
    """Everything around one sync. `arrange` rewrites its warehouse; its ledger and destination stay."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder = folder
        self.receiver = receiver
        self.destination = Double(receiver.port)
        self.slept: list[float] = []
        self.yields_to: tuple[Relation, ...] = ()
        self.spec: dict[str, Any] = {
            "connection": "double", "object": "people", "mode": "mirror", "purpose": "marketing_email",
            "removal_guard": 1.0,
        }  # fmt: skip
        self.settings = Settings(
            folder,
            folder,
            folder / "data",
            "dev",
            {"type": "duckdb", "path": str(folder / "warehouse.duckdb")},
        )

    @property
    def sync(self) -> Sync:
        spec, path = SyncSpec(**self.spec), "models/activation/crm__people.sql"
        relation = Relation("activation", "crm__people")
        return Sync("crm__people", relation, path, spec, RELATIONS, self.yields_to)

    @property
    def ledger_dir(self) -> Path:
        return self.settings.ledger_dir

    def warehouse(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            return connection.execute(sql).fetchall()

    def arrange(
        self,
        *rows: Row,
        without_consent: tuple[str, ...] = (),
        suppressed: Mapping[str, str] | None = None,
        columns: pa.Schema | None = None,
    ) -> None:
        """Make the payload these rows; each profile granted the purpose unless said otherwise.

        The e-mail addresses and external ids of the rows become identifiers of their profiles.
        """
        table = pa.Table.from_pylist(list(rows), columns) if rows else pa.table(_empty(columns))
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            connection.execute(SCHEMA)
            connection.execute("delete from profiles.purposes; delete from profiles.profile_consents")
            connection.execute("delete from profiles.profile_suppressions")
            connection.execute("delete from profiles.profile_identifiers")
            connection.execute(
                "insert into profiles.purposes values "
                "('marketing_email', 'email'), ('advertising', 'ads'), ('analytics', '*')"
            )
            for row in rows:
                state = "withdrawn" if row["profile_id"] in without_consent else "granted"
                connection.execute(
                    "insert into profiles.profile_consents select ?, 'marketing_email', ?",
                    [row["profile_id"], state],
                )
            for profile_id, channel in (suppressed or {}).items():
                connection.execute(
                    "insert into profiles.profile_suppressions values (?, ?)", [profile_id, channel]
                )
            connection.register("given", table)
            connection.execute("create or replace table activation.crm__people as from given")
            for column, kind in (("email", "email"), ("external_id", "user_id")):
                if column in table.column_names:
                    connection.execute(
                        "insert into profiles.profile_identifiers "
                        f"select distinct profile_id, ?, lower(trim({column})), 'personal' from given "
                        f"where {column} is not null",
                        [kind],
                    )

    def run(self, **options: Any) -> SyncResult:
        pace = Pace(sleep=self.slept.append, draw=lambda: 1.0)
        return run_sync(self.settings, self.sync, self.destination, pace=pace, **options)

    def plan(self) -> Plan:
        return plan_sync(self.settings, self.sync, self.destination)

    def ledger(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.ledger_dir / "crm__people.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def _empty(columns: pa.Schema | None) -> dict[str, pa.Array]:
    if columns is not None:
        return {field.name: pa.array([], field.type) for field in columns}
    return {name: pa.array([], pa.string()) for name in person("nobody")}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path, receiver: Receiver) -> World:
    return World(tmp_path, receiver)
