"""Says in sentences why two profiles are two: decisions of people, and the joins that clustering refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cdp_cli.identity.clustering import refusals as refused
from cdp_cli.identity.linking.discovery import found_vetoes

Pair = tuple[str, str]

_MOST_NAMED = 3


@dataclass(frozen=True)
class Reason:
    """`kind` is decision, or what refused a join (clustering.refusals); `text` is one sentence or two."""

    kind: str
    text: str


def decided_apart(
    decided: Mapping[Pair, Mapping[str, Any]], profiles: Mapping[str, str], asked: Pair
) -> list[Reason]:
    """The decisions that keep two profiles apart, one on the pair `asked` first.

    `decided` has the decisions that hold, `profiles` the profile of each record of the two.
    """
    parted = [
        decided[pair]
        for pair in sorted(decided, key=lambda pair: (pair != asked, pair))
        if decided[pair]["decision"] == "different" and _across(pair, profiles)
    ]
    # The rows of a split are one decision.
    by_id = {row["decision_group"] or row["decision_id"]: row for row in reversed(parted)}
    reasons = [
        Reason("decision", f"{said(row)} (decision {decision_id})")
        for decision_id, row in reversed(by_id.items())
    ]
    rest = len(reasons) - _MOST_NAMED
    return reasons if rest <= 0 else [*reasons[:_MOST_NAMED], Reason("decision", f"And {rest:,} more.")]


def vetoed(left: str, right: str, veto: str) -> Reason:
    """A veto on two records."""
    whys = {found.name: found.why for found in found_vetoes()}
    return Reason(refused.VETO, f"{left} and {right} are vetoed by {veto}. {whys.get(veto, '')}".rstrip())


def recorded(refusals: pa.Table, profiles: Mapping[str, str]) -> list[Reason]:
    """The latest refusals of a join, in the columns of identity_refusals, as reasons.

    `profiles` has the profile of each record. Decisions are left out: `decided_apart` has them.
    """
    rows: list[dict[str, Any]] = refusals.to_pylist()
    latest = max((row["refused_at"] for row in rows), default=None)
    return [
        Reason(row["refused_by"], _text(row, profiles))
        for row in rows
        if row["refused_at"] == latest and row["refused_by"] != refused.DECISION
    ]


def said(row: Mapping[str, Any]) -> str:
    """A decision in a sentence."""
    if row["decision_group"] is not None:
        return f"{row['decided_by']} split a profile on {row['decided_at']:%Y-%m-%d}: {row['reason']}"
    verdict = {"same": "are one person", "different": "are two people", "unsure": "cannot be told"}
    return (
        f"{row['decided_by']} decided on {row['decided_at']:%Y-%m-%d} that {row['left_record_id']} and "
        f"{row['right_record_id']} {verdict[row['decision']]}: {row['reason']}"
    )


def _text(row: Mapping[str, Any], profiles: Mapping[str, str]) -> str:
    """A row of identity_refusals in a sentence."""
    observed, allowed, name = row["observed"], row["allowed"], row["constraint_name"]
    match row["refused_by"]:
        case refused.VETO:
            return vetoed(row["left_evidence_id"], row["right_evidence_id"], name).text
        case refused.NAME_CONFLICT:
            return (
                f"The first names contradict in {observed:.0%} of the pairs between the two that have both; "
                f"from {allowed:.0%} on the join is refused (max_name_conflict_share)."
            )
        case refused.LIMIT:
            return (
                f"Together they would have {observed:.0f} values of {name}; a profile may have {allowed:.0f}."
            )
        case refused.AVERAGE_LINKAGE:
            return (
                f"The pairs between the two that can be compared have a mean probability of {observed:.3f}, "
                f"below min_average_linkage ({allowed}): single links do not join two groups."
            )
    one, rival = (profiles.get(row[f"{side}_evidence_id"], "it") for side in ("left", "right"))
    other = {profiles.get(row[f"{side}_record_id"]) for side in ("left", "right")} - {one}
    return (
        f"{one} resembles {rival} as well, and is at most one of them. Of all the odds "
        f"{', '.join(sorted(filter(None, other)))} has {observed:.2f}, below min_exclusive_share ({allowed})."
    )


def _across(pair: Pair, profiles: Mapping[str, str]) -> bool:
    left, right = (profiles.get(record) for record in pair)
    return left is not None and right is not None and left != right
