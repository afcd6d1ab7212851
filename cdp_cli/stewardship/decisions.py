"""What people decide about records: one pair, a split of a profile, and taking a decision back.

Each function returns rows to append to the log identity_decisions; nothing is overwritten.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import pyarrow as pa

from cdp_cli.errors import FixInput
from cdp_cli.identity.clustering.decisions import (
    Pair,
    Row,
    in_force,
    latest,
    pair_key,
    pair_of,
    reached_from,
    rows_of,
    table_of,
)


def decide(
    one: str, other: str, decision: str, by: str, why: str, at: dt.datetime, origin: str = "decide"
) -> pa.Table:
    """One decision about two records, in the columns of SCHEMA; the smaller record id goes left.

    `at` is in UTC, without a zone. `origin` is the command that asked: decide, review or sample.
    """
    return table_of([_row(pair_key(one, other), decision, by, why, at, origin)])


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
    rows = {pair_key(anchor, other): "same" for other in others}
    rows |= {pair_key(anchor, record): "different" for record in staying}
    kept = {pair for pair, row in in_force(decisions).items() if row["decision"] == "same"}
    across = {pair for pair in kept if _crosses(pair, leaving, staying)}
    rows |= dict.fromkeys(across, "different")
    joined = reached_from(
        (kept - across) | {pair for pair, decision in rows.items() if decision == "same"}, anchor
    )
    if joined & set(staying):
        raise FixInput(
            "Decisions that no build has acted on yet join the two sides by way of a record of neither.",
            "Run `dbt build`, look at the profile again, and split it then.",
        )
    return table_of([_row(pair, rows[pair], by, why, at, "split", group) for pair in sorted(rows)])


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
        return table_of([_row(pair_of(row), "undone", by, why, at, "undo")])
    since = min(r["decided_at"] for r in rows_of(decisions) if r["decision_group"] == group)
    before = latest(table_of([r for r in rows_of(decisions) if r["decided_at"] < since]))
    taken_back = sorted(pair for pair, r in newest.items() if r["decision_group"] == group)
    found = []
    for pair in taken_back:
        earlier = before.get(pair)
        if earlier is None or earlier["decision"] == "undone":
            found.append(_row(pair, "undone", by, why, at, "undo"))
        else:
            again = f"{why} (so again, as {earlier['decided_by']} decided: {earlier['reason']})"
            found.append(_row(pair, earlier["decision"], by, again, at, "undo", earlier["decision_group"]))
    return table_of(found)


def _asked_row(decisions: pa.Table, asked: Sequence[str]) -> Row:
    """The row in force that `asked` means."""
    if len(asked) == 1:
        rows = [row for row in rows_of(decisions) if asked[0] in (row["decision_id"], row["decision_group"])]
        rows = [row for row in rows if row["decision"] != "undone"]
        if not rows:
            raise FixInput(
                f"identity_decisions has no decision {asked[0]!r}.",
                "Run `cdp identity undo` without arguments: it lists what can be undone.",
            )
        newest = latest(decisions)
        held = [row for row in rows if newest[pair_of(row)]["decision_id"] == row["decision_id"]]
        if held:
            return held[0]
        after = newest[pair_of(rows[0])]
    else:
        found = latest(decisions).get(pair_key(*asked))
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


def _crosses(pair: Pair, leaving: Sequence[str], staying: Sequence[str]) -> bool:
    return (pair[0] in leaving and pair[1] in staying) or (pair[1] in leaving and pair[0] in staying)


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
