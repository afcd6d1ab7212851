"""Which decisions of people hold: the latest row of each pair in the log identity_decisions.

Rows are only ever added. A split is many rows that share a `decision_group`: its records stay together and
apart from the rest, and it is undone as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SCHEMA = pa.schema(
    [
        ("decision_id", pa.string()),
        ("left_record_id", pa.string()),
        ("right_record_id", pa.string()),
        ("decision", pa.string()),
        ("decided_by", pa.string()),
        ("decided_at", pa.timestamp("us")),
        ("reason", pa.string()),
        ("decision_group", pa.string()),
        ("origin", pa.string()),
    ]
)

Row = Mapping[str, Any]
Pair = tuple[str, str]


def latest(decisions: pa.Table) -> dict[Pair, Row]:
    """The latest row of each pair, which may say that the one before it is undone."""
    ordered = sorted(rows_of(decisions), key=lambda row: (row["decided_at"], row["decision_id"] or ""))
    return {pair_of(row): row for row in ordered}


def in_force(decisions: pa.Table) -> dict[Pair, Row]:
    """The latest row of each pair, without those that were undone."""
    return {pair: row for pair, row in latest(decisions).items() if row["decision"] != "undone"}


def settled(decisions: pa.Table, record_ids: pa.ChunkedArray) -> pa.Table:
    """What holds for the records that there are, in the columns of SCHEMA.

    The latest row of each pair, `undone` ones too. A split holds for all records that left by it, also where
    the one that its rows hang on is gone, or was parted from the others since.
    """
    newest = latest(decisions)
    groups = {row["decision_group"] for row in newest.values()} - {None}
    if groups:
        asked = pa.array(sorted({record for pair in newest for record in pair}), pa.string())
        there = set(record_ids.filter(pc.is_in(record_ids, value_set=asked)).to_pylist())
        of_groups: dict[str, list[Row]] = {group: [] for group in sorted(groups)}
        for row in rows_of(decisions):
            if row["decision_group"] in groups:
                of_groups[row["decision_group"]].append(row)
        for step in (_held_together, _held_apart):
            for rows in of_groups.values():
                for pair, implied in step(rows, newest, there).items():
                    newest[pair] = _stronger(newest.get(pair), implied)
    return table_of(
        [
            {**row, "left_record_id": left, "right_record_id": right}
            for (left, right), row in sorted(newest.items())
        ]
    )


def _stronger(said: Row | None, implied: Row) -> Row:
    """Of what was said of a pair and what a split implies for it: the later, unless that was taken back."""
    if said is None or said["decided_at"] < implied["decided_at"]:
        return implied
    # The moment stays, so that the next build looks at the pair.
    return {**implied, "decided_at": said["decided_at"]} if said["decision"] == "undone" else said


def _held_together(rows: Sequence[Row], newest: Mapping[Pair, Row], there: set[str]) -> dict[Pair, Row]:
    """Of a split's rows those that hold together what left, hung on a record that is there."""
    held = [row for row in rows if row["decision"] == "same" and newest[pair_of(row)] == row]
    records = {record for row in held for record in pair_of(row)}
    if records <= there or not records & there:
        return {}
    anchor, *others = sorted(records & there)
    return {pair_key(anchor, other): held[0] for other in others}


def _held_apart(rows: Sequence[Row], newest: Mapping[Pair, Row], there: set[str]) -> dict[Pair, Row]:
    """A split's cut: each part of what left, as far as decisions hold it together, and each that stayed."""
    example = next(row for row in rows if row["decision"] == "different")
    leaving = {record for row in rows if row["decision"] == "same" for record in pair_of(row)}
    if not leaving:
        # One record left, which is in all rows; of two records it does not matter which.
        leaving = {min(set.intersection(*(set(pair_of(row)) for row in rows)))}
    staying = {record for row in rows for record in pair_of(row)} - leaving
    same = [pair for pair, row in newest.items() if row["decision"] == "same" and there.issuperset(pair)]
    found: dict[Pair, Row] = {}
    parts = sorted(leaving & there)
    while parts:
        anchor = parts[0]
        found |= {pair_key(anchor, record): example for record in staying & there}
        reached = reached_from(same, anchor)
        parts = [record for record in parts if record not in reached]
    return found


def reached_from(pairs: Iterable[Pair], start: str) -> set[str]:
    """The records that pairs lead to from the record `start`, itself included."""
    neighbours: dict[str, list[str]] = {}
    for one, other in pairs:
        neighbours.setdefault(one, []).append(other)
        neighbours.setdefault(other, []).append(one)
    reached, open_ends = {start}, [start]
    while open_ends:
        for record in neighbours.get(open_ends.pop(), ()):
            if record not in reached:
                reached.add(record)
                open_ends.append(record)
    return reached


def pair_key(one: str, other: str) -> Pair:
    """Two records as a pair: the smaller id goes left."""
    return (one, other) if one < other else (other, one)


def pair_of(row: Row) -> Pair:
    """The pair of a row of the log."""
    return row["left_record_id"], row["right_record_id"]


def rows_of(decisions: pa.Table) -> list[dict[str, Any]]:
    """The rows of the log; a log of an earlier release has null for the columns that it lacks."""
    return [{"decision_group": None, "origin": None, **row} for row in decisions.to_pylist()]


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Rows of the log as a table, in the columns of SCHEMA."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA)
