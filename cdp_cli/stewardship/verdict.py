"""Whether a newly trained model is worth having: what it says otherwise than the pinned one, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from cdp_cli.identity.clustering import change_guard
from cdp_cli.identity.clustering.change_guard import ChangedProfile, ChangeGuard
from cdp_cli.identity.training.trained_model import Model

# What is worth a new model: a level that says a bit more or less (twice or half the odds) and was seen in so
# many pairs, or so many times the records.
_WORTH_BITS = 1.0
_LEAST_PAIRS = 100
_WORTH_GROWTH = 1.5

SAME, KEEP, LOOK, REPLACE = "same", "keep", "look", "replace"


@dataclass(frozen=True)
class LevelReport:
    """One level of a comparison: m and u, their weight in bits, and the same of the pinned model.

    `pairs` counts those that training saw at the level; where there are none, the prior stands. None where a
    model does not make the comparison.
    """

    comparison: str
    level: str
    m: float | None
    u: float | None
    weight: float | None
    pinned_m: float | None
    pinned_u: float | None
    pinned_weight: float | None
    pairs: int | None


@dataclass(frozen=True)
class PeopleChange:
    """What the new model would change: records that move to another profile, profiles that merge or split."""

    records: int
    moved_records: int
    profiles: int
    profiles_after: int
    merged: int
    split: int
    largest: Sequence[ChangedProfile]


@dataclass(frozen=True)
class Decided:
    """How pairs by the pinned and the new model agree with what people decided (F1 over `pairs` of them)."""

    pairs: int
    pinned_f1: float
    new_f1: float


def content_of(version: str) -> str:
    """The name of a model's content: a model that was stored again has a number behind it."""
    return version.partition(".")[0]


def levels_of(model: Model, pinned: Model) -> tuple[LevelReport, ...]:
    """Each level of each comparison that either model makes, the surest agreement first."""
    now, before, seen = _by_level(model), _by_level(pinned), _pairs_seen(model)
    found = []
    for key in [*now, *(key for key in before if key not in now)]:
        (m, u, weight), (pinned_m, pinned_u, pinned_weight) = now.get(key, _NONE), before.get(key, _NONE)
        found.append(LevelReport(*key, m, u, weight, pinned_m, pinned_u, pinned_weight, pairs=seen.get(key)))
    return tuple(found)


_NONE = (None, None, None)
_Key = tuple[str, str]


def _by_level(model: Model) -> dict[_Key, tuple[float, float, float]]:
    return {
        (entry["output_column_name"], level["label_for_charts"]): (
            level["m_probability"],
            level["u_probability"],
            round(log2(level["m_probability"] / level["u_probability"]), 3),
        )
        for entry in model.settings["comparisons"]
        for level in entry["comparison_levels"]
        if "m_probability" in level
    }


def _pairs_seen(model: Model) -> dict[_Key, int]:
    seen: dict[_Key, int] = {}
    for entry in model.settings["comparisons"]:
        name = entry["output_column_name"]
        known = [level for level in entry["comparison_levels"] if "m_probability" in level]
        # Counts begin with plain difference, which Splink has last.
        for level, count in zip(reversed(known), model.report["seen"][name], strict=True):
            seen[name, level["label_for_charts"]] = count
    return seen


def verdict_of(
    model: Model,
    pinned: Model,
    levels: Sequence[LevelReport],
    people: PeopleChange,
    decided: Decided | None,
    guard: ChangeGuard,
) -> tuple[str, str]:
    """same, keep, look or replace, and the reason as a sentence."""
    changed = people.merged + people.split
    if model.version == content_of(pinned.version):
        return SAME, "The present records train the very model that is in force."
    if not model.report["converged"]:
        return KEEP, "Training did not converge, so its figures are not to be trusted."
    if decided is not None and decided.new_f1 < decided.pinned_f1:
        return KEEP, (
            f"It agrees less with what people decided: F1 {decided.new_f1:.3f} on {decided.pairs:,} pairs, "
            f"the pinned model {decided.pinned_f1:.3f}."
        )
    if guard.trips(changed, people.profiles):
        return LOOK, (
            f"It would change {changed:,} of {people.profiles:,} profiles, more than a build may by itself: "
            f"look at the largest, then build with {change_guard.OPTION}."
        )
    reason = _worth(model, pinned, levels, decided)
    if reason is None:
        return (
            KEEP,
            "No level that was seen often says a bit more or less than before: there is nothing to gain.",
        )
    return REPLACE, f"{reason} It would change {changed:,} of {people.profiles:,} profiles."


def _worth(model: Model, pinned: Model, levels: Sequence[LevelReport], decided: Decided | None) -> str | None:
    """Why the new model is worth having; None where it is not."""
    if decided is not None and decided.new_f1 > decided.pinned_f1:
        return (
            f"It agrees more with what people decided: F1 {decided.new_f1:.3f} on {decided.pairs:,} pairs, "
            f"{decided.pinned_f1:.3f} before."
        )
    names = [{entry["output_column_name"] for entry in m.settings["comparisons"]} for m in (model, pinned)]
    if names[0] != names[1]:
        gained, lost = sorted(names[0] - names[1]), sorted(names[1] - names[0])
        parts = [f"{word} {', '.join(some)}" for word, some in (("gains", gained), ("loses", lost)) if some]
        return f"The data fills other columns now: it {' and '.join(parts)}."
    drifted = [
        row
        for row in levels
        if row.weight is not None and row.pinned_weight is not None and (row.pairs or 0) >= _LEAST_PAIRS
        and abs(row.weight - row.pinned_weight) >= _WORTH_BITS
    ]  # fmt: skip
    if drifted:
        most = max(drifted, key=lambda row: abs((row.weight or 0.0) - (row.pinned_weight or 0.0)))
        return (
            f"{len(drifted)} level{'' if len(drifted) == 1 else 's'} changed by a bit or more, the most "
            f"{most.comparison} {most.level!r}: {most.weight:+.1f} bits, {most.pinned_weight:+.1f} before."
        )
    records = pinned.report.get("records")
    if records and model.report["records"] >= _WORTH_GROWTH * records:
        return (
            f"There are {model.report['records']:,} records, {records:,} when the pinned model was trained."
        )
    return None
