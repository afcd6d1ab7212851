"""A warehouse in memory with the models of identity: a build runs their SQL and their library as dbt does."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from cdp_cli.identity import build
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering import assignments
from cdp_cli.identity.clustering.decisions import SCHEMA as DECISIONS
from cdp_cli.identity.in_memory_engine import InMemory, connect
from cdp_cli.identity.linking import pairs
from cdp_cli.identity.prepare import load_seeds, make_models, register_caps, register_people
from cdp_cli.identity.training import trained_model
from tests.identity_sql import compiled

Row = Mapping[str, Any]

_RECORD_LOG = pa.schema(
    [("record_id", pa.string()), ("record_hash", pa.string()), ("seen_at", pa.timestamp("us"))]
)
# The append-only tables, by the Python models that add to them.
_LOGS = {"identity_models": "models", "identity_pairs": "pairs", "identity_assignments": "assignments"}
# The SQL models after the Python models, and what they read that a build keeps.
_LATER = ("identity_record_log", "identity_current_pairs", "identity_events", "profile_aliases")
_KEPT = ("identity_run", "identity_models", "identity_pairs", "identity_assignments")


@dataclass(frozen=True)
class Logs:
    """What outlives a build: the append-only tables, the pairs, and the decisions."""

    record_log: pa.Table = field(default_factory=_RECORD_LOG.empty_table)
    models: pa.Table = field(default_factory=trained_model.SCHEMA.empty_table)
    pairs: pa.Table = field(default_factory=pairs.SCHEMA.empty_table)
    assignments: pa.Table = field(default_factory=assignments.SCHEMA.empty_table)
    decisions: pa.Table = field(default_factory=DECISIONS.empty_table)

    def decided(self, rows: pa.Table) -> Logs:
        """These logs with further decisions."""
        return replace(self, decisions=pa.concat_tables([self.decisions, rows]))

    def shuffled(self, chance: random.Random) -> Logs:
        """The same rows in another order."""
        return Logs(**{name: _shuffled(table, chance) for name, table in vars(self).items()})


@dataclass(frozen=True)
class Prepared:
    """What the SQL models make of the records, by the models' names."""

    tables: Mapping[str, pa.Table]

    def __getitem__(self, name: str) -> pa.Table:
        return self.tables[name]


class World:
    """A connection with the seeds, which are the rules that can change, and the models' SQL."""

    def __init__(self) -> None:
        self._connection = connect()
        self._prepared = compiled()
        # As of a warehouse that has a build: the log of records is added to.
        self._later = compiled(_LATER, (*self._prepared.models, *_KEPT), ("identity_record_log",)).models
        load_seeds(self._connection, self._prepared)

    def close(self) -> None:
        self._connection.close()

    def change_rules(self, statement: str) -> None:
        """Change a seed by SQL."""
        self._connection.execute(statement)

    def prepare(self, rows: Sequence[Row], chance: random.Random | None = None) -> Prepared:
        """Normalise records. With `chance`, they and what is made of them come in another order."""
        people = _people(rows if chance is None else chance.sample(list(rows), len(rows)))
        register_people(self._connection, people, self._prepared)
        register_caps(self._connection, {})
        make_models(self._connection, self._prepared)
        tables = {name: self._table(name) for name in (*self._prepared.models, *self._prepared.seeds)}
        return Prepared(tables if chance is None else {n: _shuffled(t, chance) for n, t in tables.items()})

    def build(
        self,
        logs: Logs,
        prepared: Prepared,
        at: dt.datetime,
        bands: Bands,
        *,
        full_refresh: bool = False,
        retrain: bool = False,
    ) -> Logs:
        """The logs after a build of the records prepared last. A full refresh makes the pairs anew."""
        run = pa.table({"run_id": [at.isoformat()], "started_at": pa.array([at], pa.timestamp("us"))})
        self._give(identity_run=run, identity_record_log=logs.record_log)
        changes = self._connection.sql(self._later["identity_record_log"].sql).to_arrow_table()
        record_log = pa.concat_tables([logs.record_log, changes.cast(_RECORD_LOG)])
        logs = replace(
            logs, record_log=record_log, pairs=pairs.SCHEMA.empty_table() if full_refresh else logs.pairs
        )
        tables = {**prepared.tables, "identity_run": run, "identity_record_log": record_log}
        for name, model in build.MODELS.items():
            log = _LOGS.get(name)
            known = None if retrain and name == "identity_models" else name
            if name == "identity_assignments":
                self._give(identity_pairs=logs.pairs, identity_record_log=record_log)
                current = self._connection.sql(self._later["identity_current_pairs"].sql).to_arrow_table()
                tables |= {"identity_current_pairs": current, "identity_decisions": logs.decisions}
            stored = {name: getattr(logs, log)} if log else {}
            rows = model.run(_engine(**stored), tables, known, bands)
            if log:
                rows = pa.concat_tables([getattr(logs, log), rows])
                logs = replace(logs, **{log: rows})
            tables[name] = rows
        return logs

    def events(self, logs: Logs) -> list[dict[str, Any]]:
        """Rows of identity_events."""
        self._give(identity_assignments=logs.assignments, identity_decisions=logs.decisions)
        for name, model in self._later.items():
            if name not in ("identity_record_log", "identity_current_pairs"):
                self._connection.execute(f"create or replace temp table {name} as {model.sql}")
        rows: list[dict[str, Any]] = self._table("identity_events").to_pylist()
        return rows

    def aliases(self, logs: Logs) -> dict[str, str]:
        """profile_aliases: where each retired id that was merged went."""
        self.events(logs)
        rows = self._connection.execute("select * from profile_aliases").fetchall()
        return {retired: profile for retired, profile, _ in rows}

    def _give(self, **tables: pa.Table) -> None:
        for name, table in tables.items():
            self._connection.register(name, table)

    def _table(self, name: str) -> pa.Table:
        return self._connection.sql(f"select * from {name}").to_arrow_table()


def _engine(**tables: pa.Table) -> InMemory:
    engine = InMemory()
    for name, table in tables.items():
        engine.register(name, table)
    return engine


def _shuffled(table: pa.Table, chance: random.Random) -> pa.Table:
    return table.take(pa.array(chance.sample(range(table.num_rows), table.num_rows), pa.int64()))


def _people(rows: Sequence[Row]) -> pa.Table:
    columns = sorted({"record_id", "source"}.union(*rows))
    types = {"one_record_per_person": pa.bool_()}
    return pa.table(
        {
            column: pa.array([row.get(column) for row in rows], types.get(column, pa.string()))
            for column in columns
        }
    )
