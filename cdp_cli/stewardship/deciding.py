"""Decides, splits and undoes in a warehouse: checks what was asked, and appends to the log of decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from cdp_cli.errors import FixInput
from cdp_cli.identity.clustering.decisions import Row, in_force
from cdp_cli.relations import Relations
from cdp_cli.stewardship import decisions
from cdp_cli.stewardship.decision_log import add_decisions, need_build, now, read_decisions
from cdp_cli.stewardship.finding import Found, find_records, records_of
from cdp_cli.warehouse import Warehouse


@dataclass(frozen=True)
class Split:
    """A split as it was stored: the profile, its records by side, and the rows of the log."""

    profile: Found
    leaving: Sequence[str]
    staying: Sequence[str]
    rows: pa.Table

    @property
    def group(self) -> str:
        """What the split is undone by."""
        group: str = self.rows.column("decision_group")[0].as_py()
        return group


def store_decision(
    warehouse: Warehouse, relations: Relations, one: str, other: str, decision: str, by: str, why: str
) -> Row:
    """Store that two records are the same person, different people, or that nobody can tell.

    Raises FixInput if a record does not exist, or both are the same record.
    """
    if one == other:
        raise FixInput(
            "Both records are the same record.",
            f"Name two records of {relations.ref('identity_review').name}.",
        )
    need_build(warehouse, relations, "identity_records")
    found = warehouse.rows(
        f"select record_id from {relations.ref('identity_records')} where record_id in (?, ?)", [one, other]
    )
    missing = sorted({one, other} - {row["record_id"] for row in found})
    if missing:
        raise FixInput(
            f"{relations.ref('identity_records').name} has no record {missing[0]!r}.",
            f"Take record ids as they stand in {relations.ref('identity_review').name}.",
        )
    rows = decisions.decide(one, other, decision, by, why, now())
    add_decisions(warehouse, relations, rows)
    stored: Row = rows.to_pylist()[0]
    return stored


def store_answer(
    warehouse: Warehouse,
    relations: Relations,
    one: str,
    other: str,
    decision: str,
    by: str,
    why: str,
    origin: str,
) -> None:
    """Store the answer to a question; `origin` is review or sample."""
    add_decisions(warehouse, relations, decisions.decide(one, other, decision, by, why, now(), origin))


def store_split(
    warehouse: Warehouse, relations: Relations, profile: str, records: Sequence[str], by: str, why: str
) -> Split:
    """Store that some records of a profile are another person than the rest.

    Raises FixInput if the profile lacks one of the records, or would keep none.
    """
    leaving = sorted(set(records))
    found = find_records(warehouse, relations, profile)
    members = records_of(warehouse, relations, found.profile_id)
    staying = _staying(found, members, leaving)
    rows = decisions.split(leaving, staying, read_decisions(warehouse, relations), by, why, now())
    add_decisions(warehouse, relations, rows)
    return Split(found, leaving, staying, rows)


def store_undo(
    warehouse: Warehouse, relations: Relations, asked: Sequence[str], by: str, why: str
) -> pa.Table:
    """Take a decision back: that about two records, or that with one id. Returns the rows of the log."""
    need_build(warehouse, relations)
    rows = decisions.undo(read_decisions(warehouse, relations), asked, by, why, now())
    add_decisions(warehouse, relations, rows)
    return rows


def decisions_in_force(warehouse: Warehouse, relations: Relations) -> list[Row]:
    """The decisions that hold, the latest first."""
    need_build(warehouse, relations)
    held = in_force(read_decisions(warehouse, relations)).values()
    return sorted(held, key=lambda row: row["decided_at"], reverse=True)


def _staying(found: Found, members: Sequence[str], leaving: Sequence[str]) -> list[str]:
    strangers = sorted(set(leaving) - set(members))
    if strangers:
        raise FixInput(
            f"The profile {found.profile_id} has no record {strangers[0]!r}.",
            "Take record ids as `cdp profile show` lists them.",
        )
    staying = [record for record in members if record not in leaving]
    if not staying:
        raise FixInput(
            f"Those are all records of the profile {found.profile_id}: nothing would stay.",
            "Name the records of the one person who is to leave.",
        )
    return staying
