"""What people decided about records, as rows of the log cdp.identity_decisions.

Rows are only ever added, and the latest row of a pair holds. A split is many rows that share a
`decision_group`: its records are held together and apart from the rest, and it is undone as one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.errors import FixInput

DECISIONS = ("same", "different", "unsure")

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


def decide(
    one: str, other: str, decision: str, by: str, why: str, at: dt.datetime, origin: str = "decide"
) -> pa.Table:
    """One decision about two records, in the columns of SCHEMA; the smaller record id goes left.

    `at` is in UTC, without a zone. `origin` is the command that asked: decide, review or sample.
    """
    return _table([_row(_pair(one, other), decision, by, why, at, origin)])


def split(
    leaving: Sequence[str], staying: Sequence[str], decisions: pa.Table, by: str, why: str, at: dt.datetime
) -> pa.Table:
    """Rows that part the records `leaving` from those `staying`, and hold the former together.

    One record of those leaving is the same person as each other one, and another than each that stays: as
    many rows as the profile has records, less one. `different` holds between whole groups, so the cut holds
    for records that come later too. Earlier decisions that a pair across the cut is one person are replaced.

    Raises FixInput where decisions about other records still join the two sides.
    """
    anchor, *others = sorted(leaving)
    group = uuid.uuid4().hex
    rows = {_pair(anchor, other): "same" for other in others}
    rows |= {_pair(anchor, record): "different" for record in staying}
    kept = {pair for pair, row in in_force(decisions).items() if row["decision"] == "same"}
    across = {pair for pair in kept if _crosses(pair, leaving, staying)}
    rows |= dict.fromkeys(across, "different")
    joined = _joined(
        (kept - across) | {pair for pair, decision in rows.items() if decision == "same"}, anchor
    )
    if joined & set(staying):
        raise FixInput(
            "Decisions that no build has acted on yet join the two sides by way of a record of neither.",
            "Run `dbt build`, look at the profile again, and split it then.",
        )
    return _table([_row(pair, rows[pair], by, why, at, "split", group) for pair in sorted(rows)])


def undo(decisions: pa.Table, asked: Sequence[str], by: str, why: str, at: dt.datetime) -> pa.Table:
    """Rows that take back a decision: that about the two records `asked`, or that with the one id `asked`.

    The pair falls back to what the evidence says, or to a split that holds. A split is taken back whole,
    whichever of its rows was asked for; what it replaced holds again.

    Raises FixInput where there is no such decision, or it was taken back or replaced already.
    """
    row = _asked_row(decisions, asked)
    newest = latest(decisions)
    group = row["decision_group"]
    if group is None:
        return _table([_row(_pair_of(row), "undone", by, why, at, "undo")])
    since = min(r["decided_at"] for r in _rows(decisions) if r["decision_group"] == group)
    before = latest(_table([r for r in _rows(decisions) if r["decided_at"] < since]))
    taken_back = sorted(pair for pair, r in newest.items() if r["decision_group"] == group)
    found = []
    for pair in taken_back:
        earlier = before.get(pair)
        if earlier is None or earlier["decision"] == "undone":
            found.append(_row(pair, "undone", by, why, at, "undo"))
        else:
            again = f"{why} (so again, as {earlier['decided_by']} decided: {earlier['reason']})"
            found.append(_row(pair, earlier["decision"], by, again, at, "undo", earlier["decision_group"]))
    return _table(found)


def latest(decisions: pa.Table) -> dict[Pair, Row]:
    """The latest row of each pair, which may say that the one before it is undone."""
    ordered = sorted(_rows(decisions), key=lambda row: (row["decided_at"], row["decision_id"] or ""))
    return {_pair_of(row): row for row in ordered}


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
        for row in _rows(decisions):
            if row["decision_group"] in groups:
                of_groups[row["decision_group"]].append(row)
        for step in (_held_together, _held_apart):
            for rows in of_groups.values():
                for pair, implied in step(rows, newest, there).items():
                    newest[pair] = _stronger(newest.get(pair), implied)
    return _table(
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
    held = [row for row in rows if row["decision"] == "same" and newest[_pair_of(row)] == row]
    records = {record for row in held for record in _pair_of(row)}
    if records <= there or not records & there:
        return {}
    anchor, *others = sorted(records & there)
    return {_pair(anchor, other): held[0] for other in others}


def _held_apart(rows: Sequence[Row], newest: Mapping[Pair, Row], there: set[str]) -> dict[Pair, Row]:
    """A split's cut: each part of what left, as far as decisions hold it together, and each that stayed."""
    example = next(row for row in rows if row["decision"] == "different")
    leaving = {record for row in rows if row["decision"] == "same" for record in _pair_of(row)}
    if not leaving:
        # One record left, which is in all rows; of two records it does not matter which.
        leaving = {min(set.intersection(*(set(_pair_of(row)) for row in rows)))}
    staying = {record for row in rows for record in _pair_of(row)} - leaving
    same = [pair for pair, row in newest.items() if row["decision"] == "same" and there.issuperset(pair)]
    found: dict[Pair, Row] = {}
    parts = sorted(leaving & there)
    while parts:
        anchor = parts[0]
        found |= {_pair(anchor, record): example for record in staying & there}
        reached = _joined(same, anchor)
        parts = [record for record in parts if record not in reached]
    return found


def _asked_row(decisions: pa.Table, asked: Sequence[str]) -> Row:
    """The row in force that `asked` means."""
    if len(asked) == 1:
        rows = [row for row in _rows(decisions) if asked[0] in (row["decision_id"], row["decision_group"])]
        rows = [row for row in rows if row["decision"] != "undone"]
        if not rows:
            raise FixInput(
                f"cdp.identity_decisions has no decision {asked[0]!r}.",
                "Run `cdp identity undo` without arguments: it lists what can be undone.",
            )
        newest = latest(decisions)
        held = [row for row in rows if newest[_pair_of(row)]["decision_id"] == row["decision_id"]]
        if held:
            return held[0]
        after = newest[_pair_of(rows[0])]
    else:
        found = latest(decisions).get(_pair(*asked))
        if found is None:
            raise FixInput(
                f"Nobody decided anything about {asked[0]} and {asked[1]}.",
                "Run `cdp identity undo` without arguments: it lists what can be undone.",
            )
        if found["decision"] != "undone":
            return found
        after = found
    if after["decision"] == "undone":
        raise FixInput(
            f"That decision is undone already, by {after['decided_by']} on {after['decided_at']:%Y-%m-%d}.",
            "Nothing is left to undo; decide anew with `cdp identity decide`.",
        )
    raise FixInput(
        f"That decision no longer holds: {after['decided_by']} decided {after['decision']!r} on "
        f"{after['decided_at']:%Y-%m-%d}.",
        f"Undo the later one: `cdp identity undo {after['decision_id']}`.",
    )


def _joined(pairs: Iterable[Pair], start: str) -> set[str]:
    """The records that pairs lead to from one."""
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


def _crosses(pair: Pair, leaving: Sequence[str], staying: Sequence[str]) -> bool:
    return (pair[0] in leaving and pair[1] in staying) or (pair[1] in leaving and pair[0] in staying)


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _pair_of(row: Row) -> Pair:
    return row["left_record_id"], row["right_record_id"]


def _row(
    pair: Pair, decision: str, by: str, why: str, at: dt.datetime, origin: str, group: str | None = None
) -> Row:
    return {
        "decision_id": uuid.uuid4().hex,
        "left_record_id": pair[0],
        "right_record_id": pair[1],
        "decision": decision,
        "decided_by": by,
        "decided_at": at,
        "reason": why,
        "decision_group": group,
        "origin": origin,
    }


def _rows(decisions: pa.Table) -> list[dict[str, Any]]:
    # A log of an earlier release has neither group nor origin.
    return [{"decision_group": None, "origin": None, **row} for row in decisions.to_pylist()]


def _table(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA)
