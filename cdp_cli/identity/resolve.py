"""Resolves a table of people in memory, by the SQL and the library that the build uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.identity import pipeline
from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.build import assignment_input, records_of
from cdp_cli.identity.clustering import assignments
from cdp_cli.identity.clustering.decisions import SCHEMA as DECISIONS_SCHEMA
from cdp_cli.identity.evaluation.report import evidence_columns, keys_compared
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.prepare import IdentitySql, prepare, register_caps
from cdp_cli.identity.training import trained_model
from cdp_cli.identity.training.trained_model import Model

_CHANGES = pa.schema(
    [("record_id", pa.string()), ("record_hash", pa.string()), ("seen_at", pa.timestamp("us"))]
)


@dataclass(frozen=True)
class Resolution:
    """What became of the records: normalised `records`, `pairs`, the rows of the log, and refused joins.

    `keys` are what they were compared under (report.keys_compared), `evidence` the columns that say who
    somebody is (report.evidence_columns).
    """

    model: Model
    records: pa.Table
    keys: pa.Table
    evidence: tuple[str, ...]
    pairs: pa.Table
    assigned: pa.Table
    refused: pa.Table


def resolve(
    people: pa.Table,
    sql: IdentitySql,
    *,
    unique_sources: Sequence[str] = (),
    model: Model | None = None,
    decisions: pa.Table | None = None,
    log: pa.Table | None = None,
    at: dt.datetime = dt.datetime(2000, 1, 1),
    bands: Bands = DEFAULT,
) -> Resolution:
    """Assign each row of `people` to a profile. Columns of the person entity may be missing.

    `unique_sources` hold each person once. With a `model`, nothing is trained. `log` is what earlier runs
    assigned; `at` is later than all of it.
    """
    engine = InMemory()
    try:
        prepare(engine.connection, _with_unique_sources(people, unique_sources), sql)
        tables = {
            name: engine.table(name)
            for name in (
                "identity_records",
                "identity_identifiers",
                "identifier_types",
                "nicknames",
                "identity_keys",
                "blocking_rules",
            )
        }
        given = records_of(tables, "blocking_rules")
        model, scored = pipeline.train_and_link(engine, given, at, bands, model)
        register_caps(engine.connection, model.caps)
        keys = engine.arrow(keys_compared())
        evidence = evidence_columns(tables["identifier_types"])
        reads = {
            **tables,
            "identity_models": trained_model.stored(model, at),
            "identity_current_pairs": scored,
            "identity_decisions": DECISIONS_SCHEMA.empty_table() if decisions is None else decisions,
            "identity_record_log": _CHANGES.empty_table(),
        }
        log = assignments.SCHEMA.empty_table() if log is None else log
        outcome = pipeline.assign(engine, assignment_input(reads, log), at.isoformat(), at, bands)
    finally:
        engine.close()
    return Resolution(model, tables["identity_records"], keys, evidence, scored, *vars(outcome).values())


def _with_unique_sources(people: pa.Table, unique_sources: Sequence[str]) -> pa.Table:
    if not unique_sources:
        return people
    unique = pc.fill_null(
        pc.is_in(people.column("source"), pa.array(list(unique_sources), people.schema.field("source").type)),
        False,
    )
    if "one_record_per_person" in people.column_names:
        people = people.drop_columns("one_record_per_person")
    return people.append_column("one_record_per_person", unique)
