"""Carries what cannot be built again from one target's warehouse to another's: logs, raw tables, ledgers.

Everything else is a model, and `cdp run` makes it there. What the logs are, dbt's manifest says: incremental
models, and the tables that cdp and dbt's materializations write themselves.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdp_cli.activation.ledger_copy import copy_ledgers, held_ledgers
from cdp_cli.config import Settings
from cdp_cli.errors import FixInput
from cdp_cli.project import Project
from cdp_cli.relations import Relation
from cdp_cli.warehouse import Warehouse, open_warehouse


@dataclass(frozen=True)
class Carried:
    """A table that is to be carried: what it is in the one target and in the other."""

    here: Relation
    there: Relation


@dataclass(frozen=True)
class Moved:
    """A table and its rows. `was_there` says that the other warehouse had it already, and kept its own."""

    table: str
    rows: int
    was_there: bool


@dataclass(frozen=True)
class Move:
    """What was carried: the tables, and the syncs whose ledgers went with them."""

    tables: tuple[Moved, ...]
    ledgers: tuple[str, ...]


def move(settings: Settings, project: Project, to: Settings, to_project: Project) -> Move:
    """Copy the logs, the raw tables and the ledgers of one target to another; the source stays as it is.

    `project` and `to_project` are the project as each target has it: its schemas may have other names there.
    A raw table that is there already is kept: its loader may have moved before us. Interrupted, the same
    command goes on where it was. Raises FixInput if the other target has logs or ledgers of its own, or
    this one has nothing; TryAgain if a sync is running.
    """
    if to.target == settings.target:
        raise FixInput(
            f"--to {to.target} is the target that is moved from.", "Name another target of profiles.yml."
        )
    logs, raw = log_tables(project, to_project), _raw_tables(project, to_project)
    with (
        held_ledgers(settings.ledger_dir),
        open_warehouse(settings) as source,
        open_warehouse(to, read_only=False, create=True) as target,
    ):
        here = _sizes(source, [table.here for table in (*logs, *raw)])
        there = _sizes(target, [table.there for table in (*logs, *raw)])
        if not here:
            raise FixInput(
                f"The target {settings.target!r} has neither logs nor raw tables.",
                "Name the target to move from with --target.",
            )
        _refuse_other_logs(settings, to, logs, here, there)
        tables = []
        for table in (each for each in (*logs, *raw) if each.here in here):
            was_there = there.get(table.there, 0) > 0
            if not was_there:
                with _scratch(settings) as parquet:
                    source.export(f"select * from {table.here}", parquet)
                    target.replace(*table.there, parquet)
            rows = there[table.there] if was_there else here[table.here]
            tables.append(Moved(table.there.name, rows, was_there))
        # Last: where ledgers are, everything is.
        return Move(tuple(tables), copy_ledgers(settings.ledger_dir, to.ledger_dir))


def log_tables(project: Project, to_project: Project) -> list[Carried]:
    """The append-only logs, sorted."""
    incremental = [
        Carried(model.relation, to_project.relations.ref(model.name))
        for model in project.models
        if model.materialized == "incremental"
    ]
    operational = [
        Carried(table.relation, to_project.relations.source(table.source, table.name))
        for table in project.sources
        if table.meta.get("operational")
    ]
    return sorted((*incremental, *operational), key=lambda table: table.here)


def _raw_tables(project: Project, to_project: Project) -> list[Carried]:
    return [
        Carried(table.relation, to_project.relations.source(table.source, table.name))
        for table in project.raw_tables
    ]


def _refuse_other_logs(
    settings: Settings,
    to: Settings,
    logs: Iterable[Carried],
    here: Mapping[Relation, int],
    there: Mapping[Relation, int],
) -> None:
    for log in logs:
        rows, others = here.get(log.here, 0), there.get(log.there, 0)
        # As many rows: an earlier, interrupted move brought them, for a table is replaced at once.
        if others not in (0, rows):
            raise FixInput(
                f"{log.there.name} has {others:,} rows in the target {to.target!r} and {rows:,} in "
                f"{settings.target!r}: two logs cannot become one.",
                "Move into a new warehouse, before anything is built there.",
            )
    if any(to.ledger_dir.glob("*.duckdb")):
        raise FixInput(
            f"{to.ledger_dir} holds ledgers of its own.",
            f"If nothing was sent from the target {to.target!r}, move that folder away and try again.",
        )


def _sizes(warehouse: Warehouse, relations: Iterable[Relation]) -> dict[Relation, int]:
    """The rows of each of the tables that is there."""
    wanted = list(relations)
    present = {
        Relation(schema, table)
        for schema in {relation.schema for relation in wanted}
        for table in warehouse.tables(schema)
    }
    found = [relation for relation in wanted if relation in present]
    counts = [
        f"select {place} as place, count(*) as n from {relation}" for place, relation in enumerate(found)
    ]
    rows = warehouse.rows(" union all ".join(counts)) if counts else []
    return {found[row["place"]]: row["n"] for row in sorted(rows, key=lambda row: row["place"])}


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    """A place for one table's Parquet, among what is ours: it may hold personal data."""
    folder = settings.data_dir / "moving"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder / "rows.parquet"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
