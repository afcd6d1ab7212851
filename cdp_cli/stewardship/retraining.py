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
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.errors import FixInput, FixModel
from cdp_cli.identity import pipeline
from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import assignments, change_guard
from cdp_cli.identity.clustering.change_guard import ChangeGuard
from cdp_cli.identity.evaluation.report import against_decisions
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.training import trained_model
from cdp_cli.identity.training.trained_model import Model
from cdp_cli.stewardship.verdict import (
    Decided,
    LevelReport,
    PeopleChange,
    content_of,
    levels_of,
    verdict_of,
)


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
    samples: Mapping[str, Any]
    people: PeopleChange
    decided: Decided | None
    verdict: str
    why: str
    seconds: float


def retrain(
    given: Input,
    keys: pa.Table,
    rules: pa.Table,
    at: dt.datetime,
    bands: Bands = DEFAULT,
    guard: ChangeGuard | None = None,
) -> tuple[Model, Retraining]:
    """A model trained on the records of `given`, and the report. All tables are Arrow; nothing is written.

    `given.pairs` are the pairs in force and `given.log` is all of identity_assignments; `keys` and `rules`
    are the rows of identity_keys and blocking_rules; `at` is later than all that is in the log. `guard` is
    the one of a build.

    Raises FixModel where no model is pinned yet, FixInput where there are no records to learn from.
    """
    started = time.perf_counter()
    if not given.models.num_rows:
        raise FixModel(
            "identity_models is empty.", "Run `dbt build`: the first build trains a model by itself."
        )
    if not given.records.num_rows:
        raise FixInput(
            "identity_records is empty, so there is nothing to learn from.",
            "Load people and run `dbt build`, then train again.",
        )
    pinned = trained_model.newest(given.models)
    records = pipeline.Records(
        given.records, given.identifiers, given.nicknames, keys, rules, given.identifier_types
    )
    engine = InMemory()
    try:
        model, scored = pipeline.train_and_link(engine, records, at, bands)
    finally:
        engine.close()
    people, profiles = _people(given, pinned, model, scored, at, bands)
    decided = _decided(given, profiles, scored, bands)
    levels = levels_of(model, pinned)
    verdict, why = verdict_of(model, pinned, levels, people, decided, guard or ChangeGuard())
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
        samples=model.report["samples"],
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
    if versions and content_of(versions[0]) == content_of(model.version):
        raise FixInput(
            f"The model {content_of(model.version)} is in force already.",
            "There is nothing to accept: train again when the records have changed.",
        )
    times = sum(content_of(version) == content_of(model.version) for version in versions)
    name = content_of(model.version) + (f".{times + 1}" if times else "")
    return trained_model.stored(dataclasses.replace(model, version=name), at)


def restored(version: str, models: pa.Table, at: dt.datetime) -> pa.Table:
    """The row that makes the next build use an earlier model of `models`, the rows of identity_models.

    Raises FixInput where there is none of that name, or it is in force.
    """
    found = models.filter(pc.equal(models.column("version"), version))
    if not found.num_rows:
        known = ", ".join(models.sort_by("trained_at").column("version").to_pylist())
        raise FixInput(f"identity_models has no model {version!r}.", f"Name one of: {known or 'none'}.")
    return accepted(trained_model.newest(found), models, at)


def _people(
    given: Input, pinned: Model, model: Model, scored: pa.Table, at: dt.datetime, bands: Bands
) -> tuple[PeopleChange, pa.Table]:
    """What the new model would change, and the profiles before it (record_id, profile_id)."""
    # What the next build would do anyway is not the new model's doing.
    next_build = assignments.assign(given, "next", at, bands).assignments
    log = pa.concat_tables([given.log.select(assignments.SCHEMA.names).cast(assignments.SCHEMA), next_build])
    then = dt.timedelta(seconds=1)
    moments = pa.array([at + then] * scored.num_rows, pa.timestamp("us"))
    position = scored.schema.get_field_index("scored_at")
    after = dataclasses.replace(
        given,
        models=trained_model.stored(model, at),
        pairs=scored.set_column(position, "scored_at", moments),
        log=log,
    )
    rows = (
        assignments.SCHEMA.empty_table()
        if model.version == content_of(pinned.version)
        else assignments.assign(after, "new model", at + then, bands).assignments
    )
    engine = InMemory()
    try:
        change = change_guard.measure(engine, rows, log, given.decisions.slice(0, 0))
        engine.register("rows_after", pa.concat_tables([log, rows]))
        engine.register("rows_before", log)
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
