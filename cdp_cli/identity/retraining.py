"""Trains a new model on the present records, and says what it would change before it is used.

The pinned model is the one in force. What the new one would do to people is found as the next builds would:
the pairs that are there with the pinned model first, then all pairs scored by the new one, on the same log.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.errors import FixInput, FixModel
from cdp_cli.identity import assignments, change_guard, pairs, training
from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.candidates import lower_caps, make_blocks, make_candidates
from cdp_cli.identity.change_guard import ChangedProfile, ChangeGuard
from cdp_cli.identity.features import make_features
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.memory import InMemory
from cdp_cli.identity.report import against_decisions
from cdp_cli.identity.training import Model

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


@dataclass(frozen=True)
class Retraining:
    """The report. `verdict` is same, keep, look or replace, and `why` a sentence."""

    version: str
    pinned_version: str
    pinned_trained_at: dt.datetime
    records: int
    pinned_records: int | None
    rounds: int
    change: float
    converged: bool
    prior: float
    pinned_prior: float
    levels: Sequence[LevelReport]
    never_seen: Sequence[str]
    views: Mapping[str, Any]
    people: PeopleChange
    decided: Decided | None
    verdict: str
    why: str
    seconds: float


def retrain(
    given: Input, keys: pa.Table, rules: pa.Table, at: dt.datetime, bands: Bands = DEFAULT
) -> tuple[Model, Retraining]:
    """A model trained on the records of `given`, and the report. All tables are Arrow; nothing is written.

    `given.pairs` are the pairs in force and `given.log` is all of identity_assignments; `keys` and `rules`
    are the rows of identity_keys and blocking_rules; `at` is later than all that is in the log.

    Raises FixModel where no model is pinned yet, FixInput where there are no records to learn from.
    """
    started = time.perf_counter()
    if not given.models.num_rows:
        raise FixModel(
            "identity.identity_models is empty.", "Run `dbt build`: the first build trains a model by itself."
        )
    if not given.records.num_rows:
        raise FixInput(
            "identity.identity_records is empty, so there is nothing to learn from.",
            "Load people and run `dbt build`, then train again.",
        )
    pinned = training.newest(given.models)
    model, scored = _trained(given, keys, rules, at, bands)
    people, profiles = _people(given, pinned, model, scored, at, bands)
    decided = _decided(given, profiles, scored, bands)
    levels = _levels(model, pinned)
    verdict, why = _verdict(model, pinned, levels, people, decided)
    of_pinned = given.models.filter(pc.equal(given.models.column("version"), pinned.version))
    return model, Retraining(
        version=model.version,
        pinned_version=pinned.version,
        pinned_trained_at=of_pinned.column("trained_at")[0].as_py(),
        records=int(model.report["records"]),
        pinned_records=pinned.report.get("records"),
        rounds=int(model.report["iterations"]),
        change=float(model.report["change"]),
        converged=bool(model.report["converged"]),
        prior=float(model.settings["probability_two_random_records_match"]),
        pinned_prior=float(pinned.settings["probability_two_random_records_match"]),
        levels=levels,
        never_seen=tuple(f"{row.comparison}: {row.level}" for row in levels if row.pairs == 0),
        views=model.report["views"],
        people=people,
        decided=decided,
        verdict=verdict,
        why=why,
        seconds=round(time.perf_counter() - started, 3),
    )


def accepted(model: Model, stored: pa.Table, at: dt.datetime) -> pa.Table:
    """The row of identity_models that makes the next build use `model`; `stored` has version and trained_at.

    A model that is there already, but not in force, is stored once more under a name of its own, so that all
    pairs are scored again. Raises FixInput where the very model is in force.
    """
    versions = stored.sort_by([("trained_at", "descending")]).column("version").to_pylist()
    if versions and _content(versions[0]) == _content(model.version):
        raise FixInput(
            f"The model {_content(model.version)} is in force already.",
            "There is nothing to accept: train again when the records have changed.",
        )
    times = sum(_content(version) == _content(model.version) for version in versions)
    name = _content(model.version) + (f".{times + 1}" if times else "")
    return training.stored(dataclasses.replace(model, version=name), at)


def restored(version: str, models: pa.Table, at: dt.datetime) -> pa.Table:
    """The row that makes the next build use an earlier model of `models`, the rows of identity_models.

    Raises FixInput where there is none of that name, or it is in force.
    """
    found = models.filter(pc.equal(models.column("version"), version))
    if not found.num_rows:
        known = ", ".join(models.sort_by("trained_at").column("version").to_pylist())
        raise FixInput(
            f"identity.identity_models has no model {version!r}.", f"Name one of: {known or 'none'}."
        )
    return accepted(training.newest(found), models, at)


def _content(version: str) -> str:
    """The name of a model's content: a model that was stored again has a number behind it."""
    return version.partition(".")[0]


def _trained(
    given: Input, keys: pa.Table, rules: pa.Table, at: dt.datetime, bands: Bands
) -> tuple[Model, pa.Table]:
    """A new model, and all pairs that it scores."""
    engine = InMemory()
    try:
        make_features(engine, given.records, given.identifiers, given.nicknames)
        names = make_blocks(engine, keys, rules)
        model = training.train(engine, names)
        lower_caps(engine, names, model.caps)
        make_candidates(engine)
        pairs.make_rule_pairs(engine)
        return model, pairs.score(engine, model, at, bands)
    finally:
        engine.close()


def _people(
    given: Input, pinned: Model, model: Model, scored: pa.Table, at: dt.datetime, bands: Bands
) -> tuple[PeopleChange, pa.Table]:
    """What the new model would change, and the profiles before it (record_id, profile_id)."""
    # What the next build would do anyway is not the new model's doing.
    next_build = assignments.assign(given, "next", at, bands)
    log = pa.concat_tables([given.log.select(assignments.SCHEMA.names).cast(assignments.SCHEMA), next_build])
    then = dt.timedelta(seconds=1)
    moments = pa.array([at + then] * scored.num_rows, pa.timestamp("us"))
    position = scored.schema.get_field_index("scored_at")
    after = dataclasses.replace(
        given,
        models=training.stored(model, at),
        pairs=scored.set_column(position, "scored_at", moments),
        log=log,
    )
    rows = (
        assignments.SCHEMA.empty_table()
        if model.version == _content(pinned.version)
        else assignments.assign(after, "new model", at + then, bands)
    )
    engine = InMemory()
    try:
        change = change_guard.measure(engine, rows, log, given.decisions.slice(0, 0))
        engine.give("rows_after", pa.concat_tables([log, rows]))
        engine.give("rows_before", log)
        latest = (
            "select record_id, profile_id from {} qualify row_number() over "
            "(partition by record_id order by assigned_at desc) = 1"
        )
        profiles = engine.arrow(
            f"select * from ({latest.format('rows_before')}) where profile_id is not null order by record_id"
        )
        count_after = engine.arrow(
            f"select count(distinct profile_id) as answer from ({latest.format('rows_after')})"
        )
    finally:
        engine.close()
    return PeopleChange(
        records=profiles.num_rows,
        moved_records=rows.num_rows,
        profiles=change.before,
        profiles_after=int(count_after.column("answer")[0].as_py()),
        merged=change.merged,
        split=change.split,
        largest=change.largest,
    ), profiles


def _decided(given: Input, profiles: pa.Table, scored: pa.Table, bands: Bands) -> Decided | None:
    reports = [
        against_decisions(profiles, found, given.decisions, 0.0, bands) for found in (given.pairs, scored)
    ]
    count = reports[0].decided_same + reports[0].decided_different
    if not reports[0].decided_same:
        return None
    return Decided(count, *(round(report.pairs.f1, 4) for report in reports))


def _levels(model: Model, pinned: Model) -> tuple[LevelReport, ...]:
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


def _verdict(
    model: Model,
    pinned: Model,
    levels: Sequence[LevelReport],
    people: PeopleChange,
    decided: Decided | None,
) -> tuple[str, str]:
    changed = people.merged + people.split
    if model.version == _content(pinned.version):
        return SAME, "The present records train the very model that is in force."
    if not model.report["converged"]:
        return KEEP, "Training did not converge, so its figures are not to be trusted."
    if decided is not None and decided.new_f1 < decided.pinned_f1:
        return KEEP, (
            f"It agrees less with what people decided: F1 {decided.new_f1:.3f} on {decided.pairs:,} pairs, "
            f"the pinned model {decided.pinned_f1:.3f}."
        )
    if ChangeGuard().trips(changed, people.profiles):
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
