"""Why the build keeps two profiles apart: what holds between all records of the one and of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.constraints import constraints, with_unscored
from cdp_cli.identity.clustering.graph import Edges, Flags, Integers
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking.comparable_fields import FIRST_NAME_FILLED
from cdp_cli.identity.linking.discovery import found_vetoes, vetoes_in_force
from cdp_cli.identity.linking.features import COLUMNS as FEATURE_COLUMNS
from cdp_cli.identity.linking.features import make_features
from cdp_cli.identity.linking.scoring import paired_columns
from cdp_cli.identity.training.trained_model import Model

Pair = tuple[str, str]

# As in constraints.py: of larger groups only pairs that were scored are held against the vetoes.
_MOST_RECORDS_COMPARED = 200
_MOST_NAMED = 3


@dataclass(frozen=True)
class Reason:
    """`kind` is decision, veto, name_conflict, limit, average_linkage or rival; `text` is one sentence."""

    kind: str
    text: str


def refusals(
    given: Input,
    decided: Mapping[Pair, Mapping[str, Any]],
    profiles: Mapping[str, str],
    asked: Pair,
    model: Model,
    bands: Bands,
) -> tuple[Reason, ...]:
    """Why two profiles are not one, decisions first, then vetoes, of each those on the pair `asked` first.

    `given` has the tables of their records alone, `profiles` the profile of each of these records, `decided`
    the decisions that hold. Empty where nothing speaks against a join, or nothing for it.
    """
    vetoes = _vetoes(given, profiles, model)
    parted = [
        decided[pair]
        for pair in sorted(decided, key=lambda pair: (pair != asked, pair))
        if decided[pair]["decision"] == "different" and _across(pair, profiles)
    ]
    # The rows of a split are one decision.
    by_id = {row["decision_group"] or row["decision_id"]: row for row in reversed(parted)}
    decisions = [
        Reason("decision", f"{said(row)} (decision {decision_id})")
        for decision_id, row in reversed(by_id.items())
    ]
    whys = {veto.name: veto for veto in found_vetoes()}
    vetoed = [
        Reason("veto", f"{pair[0]} and {pair[1]} are vetoed by {name}. {whys[name].why}")
        for pair, name in sorted(vetoes.items(), key=lambda item: (item[0] != asked, item[0]))
        # One that is not firm keeps its own pair from joining, and groups only where there are many of it.
        if (whys[name].firm or pair == asked) and decided.get(pair, {}).get("decision") != "same"
    ]
    return (*_few(decisions), *_few(vetoed), *_between_groups(given, decided, vetoes, profiles, bands))


def said(row: Mapping[str, Any]) -> str:
    """A decision in a sentence."""
    if row["decision_group"] is not None:
        return f"{row['decided_by']} split a profile on {row['decided_at']:%Y-%m-%d}: {row['reason']}"
    verdict = {"same": "are one person", "different": "are two people", "unsure": "cannot be told"}
    return (
        f"{row['decided_by']} decided on {row['decided_at']:%Y-%m-%d} that {row['left_record_id']} and "
        f"{row['right_record_id']} {verdict[row['decision']]}: {row['reason']}"
    )


def _few(reasons: list[Reason]) -> list[Reason]:
    if len(reasons) <= _MOST_NAMED:
        return reasons
    rest = len(reasons) - _MOST_NAMED
    return [*reasons[:_MOST_NAMED], Reason(reasons[_MOST_NAMED].kind, f"And {rest:,} more such pairs.")]


def _between_groups(
    given: Input,
    decided: Mapping[Pair, Mapping[str, Any]],
    vetoes: Mapping[Pair, str],
    profiles: Mapping[str, str],
    bands: Bands,
) -> list[Reason]:
    """What clustering holds a join of two groups against, by the figures of these two."""
    numbers = {record: number for number, record in enumerate(sorted(profiles))}
    side = np.array([profiles[record] == max(profiles.values()) for record in sorted(profiles)])
    edges = _edges(given.pairs, decided, vetoes, numbers)
    engine = InMemory()
    try:
        engine.register(
            "chosen",
            pa.table(
                {
                    "n": pa.array(range(len(numbers)), pa.int64()),
                    "record_id": sorted(profiles),
                    "profile_id": [profiles[record] for record in sorted(profiles)],
                }
            ),
        )
        held_to = constraints(engine.connection, given, edges, len(numbers), bands)
    finally:
        engine.close()
    edges = with_unscored(edges, held_to.between)
    across = side[edges.left] != side[edges.right]
    speaks = across & (edges.probability >= bands.review) & ~(edges.cannot_link | edges.soft_cannot_link)
    if not speaks.any():
        return []
    reasons = []
    both_named = (held_to.filled[edges.left] & held_to.filled[edges.right] & FIRST_NAME_FILLED) > 0
    doubts, telling = int((across & edges.soft_cannot_link).sum()), int((speaks & both_named).sum())
    if doubts and doubts >= bands.max_name_conflict_share * (doubts + telling):
        reasons.append(
            Reason(
                "name_conflict",
                f"The first names contradict in {doubts:,} of {doubts + telling:,} pairs between the two "
                f"that could tell; from {bands.max_name_conflict_share:.0%} on the join is refused.",
            )
        )
    for row, limit in zip(given.identifier_types.to_pylist(), held_to.limits, strict=True):
        mine, theirs = (set(limit.values[side == flag].tolist()) - {-1} for flag in (False, True))
        if len(mine | theirs) > max(limit.most, len(mine), len(theirs)):
            reasons.append(
                Reason(
                    "limit",
                    f"Together they would have {len(mine | theirs)} values of {row['identifier_type']}; a "
                    f"profile may have {limit.most}.",
                )
            )
    return reasons + _thresholds(edges, speaks, _comparable(held_to.filled, side), bands)


def _thresholds(edges: Edges, speaks: Flags, comparable: int, bands: Bands) -> list[Reason]:
    total = float(edges.probability[speaks].sum())
    count = max(comparable, int(speaks.sum()))
    mean = total / count
    if mean < bands.min_average_linkage:
        return [
            Reason(
                "average_linkage",
                f"The {count:,} pairs between the two that can be compared have a mean probability of "
                f"{mean:.3f}, below min_average_linkage ({bands.min_average_linkage}): single links do not "
                "join two groups.",
            )
        ]
    return []


def _comparable(filled: Integers, side: Flags) -> int:
    """How many pairs across have something to compare."""
    return int(((filled[~side][:, None] & filled[side][None, :]) > 0).sum())


def _edges(
    pairs: pa.Table,
    decided: Mapping[Pair, Mapping[str, Any]],
    vetoes: Mapping[Pair, str],
    numbers: Mapping[str, int],
) -> Edges:
    firm = {veto.name for veto in found_vetoes() if veto.firm}
    scores = {
        (row["left_record_id"], row["right_record_id"]): float(row["match_probability"])
        for row in pairs.to_pylist()
    }
    known = sorted(pair for pair in {*scores, *decided, *vetoes} if pair[0] in numbers and pair[1] in numbers)
    answers = [decided[pair]["decision"] if pair in decided else None for pair in known]
    names = [vetoes.get(pair) for pair in known]
    same = np.array([answer == "same" for answer in answers], dtype=np.bool_)
    apart = [answer == "different" or name in firm for answer, name in zip(answers, names, strict=True)]
    doubted = [name is not None and name not in firm for name in names]
    return Edges(
        np.array([numbers[left] for left, _ in known], dtype=np.int64),
        np.array([numbers[right] for _, right in known], dtype=np.int64),
        np.array([scores.get(pair, 0.0) for pair in known], dtype=np.float64),
        same,
        np.array(apart, dtype=np.bool_) & ~same,
        np.array(doubted, dtype=np.bool_) & ~same,
        np.zeros(len(known), dtype=np.bool_),
    )


def _vetoes(given: Input, profiles: Mapping[str, str], model: Model) -> dict[Pair, str]:
    """The veto, a firm one first, of each pair across that has one: stored, or found now."""
    found = {
        (row["left_record_id"], row["right_record_id"]): row["veto"]
        for row in given.pairs.to_pylist()
        if row["veto"] is not None
    }
    if len(profiles) <= _MOST_RECORDS_COMPARED:
        engine = InMemory()
        try:
            make_features(engine, given.records, given.identifiers, given.nicknames)
            firm_first = sorted(vetoes_in_force(model), key=lambda veto: not veto.firm)
            cases = " ".join(f"when {veto.condition} then '{veto.name}'" for veto in firm_first)
            if cases:
                rows = engine.arrow(f"""
                    select record_id_l, record_id_r, case {cases} end as veto
                    from (
                        select {paired_columns(FEATURE_COLUMNS)}
                        from features as l
                        inner join features as r on l.n < r.n
                    ) as paired
                """)
                for row in rows.to_pylist():
                    if row["veto"] is not None:
                        found.setdefault((row["record_id_l"], row["record_id_r"]), row["veto"])
        finally:
            engine.close()
    return {pair: name for pair, name in found.items() if _across(pair, profiles)}


def _across(pair: Pair, profiles: Mapping[str, str]) -> bool:
    left, right = (profiles.get(record) for record in pair)
    return left is not None and right is not None and left != right
