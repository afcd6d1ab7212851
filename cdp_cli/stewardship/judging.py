"""Judges what was built, or a file of labelled records: how well records become people."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_cli.errors import FixInput
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.evaluation.report import (
    DecisionReport,
    Report,
    against_decisions,
    against_truth,
    evidence_columns,
    keys_compared,
)
from cdp_cli.identity.prepare import IdentitySql
from cdp_cli.identity.resolve import resolve
from cdp_cli.relations import Relation, Relations
from cdp_cli.stewardship.decision_log import need_build, read_decisions
from cdp_cli.warehouse import Warehouse

# Who is who, in a warehouse that `cdp demo` made. It is no part of the dbt project.
TRUTH = Relation("truth", "records")


def judge_build(
    warehouse: Warehouse, relations: Relations, bands: Bands
) -> tuple[Report | DecisionReport, pa.Table]:
    """The report on what was built, and its profiles (record_id, profile_id).

    It is judged against truth.records, or against decisions if there is no truth. Raises FixInput if there is
    neither.
    """
    need_build(warehouse, relations)
    started = time.perf_counter()
    profiles = warehouse.arrow(f"select record_id, profile_id from {relations.ref('identity_map')}")
    pairs = warehouse.arrow(
        "select left_record_id, right_record_id, match_probability, veto "
        f"from {relations.ref('identity_current_pairs')}"
    )
    if warehouse.exists(*TRUTH):
        evidence = evidence_columns(warehouse.arrow(f"select * from {relations.ref('identifier_types')}"))
        records = warehouse.arrow(
            f"select record_id, {', '.join(evidence)} from {relations.ref('identity_records')}"
        )
        truth = warehouse.arrow(f"select record_id, person_id from {TRUTH}")
        blocks, identifiers = relations.ref("identity_blocks"), relations.ref("identity_identifiers")
        keys = warehouse.arrow(keys_compared(str(blocks), str(identifiers)))
        seconds = time.perf_counter() - started
        return against_truth(records, profiles, pairs, keys, truth, evidence, seconds, bands), profiles
    decisions = read_decisions(warehouse, relations)
    if not decisions.num_rows:
        raise FixInput(
            f"There is neither a table {TRUTH.name} nor a row in "
            f"{relations.source('cdp', 'identity_decisions').name} to judge by.",
            f"Decide some pairs of {relations.ref('identity_review').name} with `cdp identity decide`, or "
            "evaluate labelled records with --records.",
        )
    return against_decisions(profiles, pairs, decisions, time.perf_counter() - started, bands), profiles


def judge_people(
    people: pa.Table, sql: IdentitySql, truth: str, unique_sources: Sequence[str], bands: Bands
) -> tuple[Report, pa.Table]:
    """The report on people that are resolved in memory, and their profiles.

    `truth` names the column of the true person; `people` are as `read_people` returns them.
    """
    started = time.perf_counter()
    found = resolve(people, sql, unique_sources=unique_sources, bands=bands)
    seconds = time.perf_counter() - started
    profiles = found.assigned.select(["record_id", "profile_id"])
    known = pa.table(
        {"record_id": people.column("record_id").cast(pa.string()), "person_id": people.column(truth)}
    )
    return against_truth(
        found.records, profiles, found.pairs, found.keys, known, found.evidence, seconds, bands
    ), profiles


def read_people(path: Path, truth: str, unique_sources: Sequence[str]) -> pa.Table:
    """The person records of a Parquet file. Raises FixInput if they cannot be resolved and judged."""
    if not path.is_file():
        raise FixInput(f"There is no file {path}.", "Name a Parquet file of person records with --records.")
    try:
        people = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FixInput(
            f"{path} is not a Parquet file that can be read.", "Write it again as Parquet."
        ) from error
    if "source" not in people.column_names:
        people = people.append_column("source", pa.array(["file"] * people.num_rows, pa.string()))
    for column, use in (("record_id", "the key of a record"), (truth, "the true person (--truth names it)")):
        if column not in people.column_names:
            raise FixInput(
                f"{path} has no column {column}, {use}.", "Add it, or rename the one that holds it."
            )
    ids = people.column("record_id")
    if ids.null_count or len(ids.unique()) < len(ids):
        raise FixInput(
            f"{path} has rows that share a record_id, or have none.", "Give each row a record_id of its own."
        )
    missing = sorted(set(unique_sources) - set(people.column("source").unique().to_pylist()))
    if missing:
        raise FixInput(
            f"{path} has no rows of the source {missing[0]}, which --unique-sources names.",
            "Name sources as the column source has them.",
        )
    return people
