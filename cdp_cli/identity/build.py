"""What the build's Python models do, tables in and out: train once, score what changed, assign."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields

import pyarrow as pa

from cdp_cli.errors import FixModel
from cdp_cli.identity import inputs
from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import assignments, change_guard, partitioned_assignment
from cdp_cli.identity.clustering.change_guard import ChangeGuard
from cdp_cli.identity.engine import Engine, Relation
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking import caps, pairs
from cdp_cli.identity.linking import comparisons as compared
from cdp_cli.identity.linking.candidates import make_blocks, make_candidates
from cdp_cli.identity.linking.features import (
    make_features,
    make_features_of,
    make_linking_values,
    number_records,
)
from cdp_cli.identity.training import trained_model, training
from cdp_cli.identity.training.trained_model import Model

# The records that anything is to be said of.
_MET = """
select join_key_l as n from candidates
union
select join_key_r as n from candidates
union
select n_l as n from rule_pairs
union
select n_r as n from rule_pairs
"""


@dataclass(frozen=True)
class Compared:
    """What records are compared by: the models of these names, and the seed nicknames.

    `rules` are the seed blocking_rules to train with, and identity_caps to score with. All are only read
    where they are needed.
    """

    records: Relation
    identifiers: Relation
    nicknames: Relation
    keys: Relation
    rules: Relation


def first_model(engine: Engine, given: Compared, run: Relation, stored: str | None) -> Relation:
    """Rows of identity_models: one, trained on the records as they are now, or none where a model is stored.

    `stored` is the full name of identity_models, where it is there. Training is no part of a build: the first
    build trains, later ones use the stored model.
    """
    try:
        if stored and engine.query(engine.table(stored), "select version from given limit 1").num_rows:
            return engine.to_relation(trained_model.SCHEMA.empty_table())
        make_features(engine, given.records, given.identifiers, given.nicknames)
        model = training.train(engine, make_blocks(engine, given.keys, given.rules))
        return engine.to_relation(trained_model.stored(model, _started_at(engine, run)))
    finally:
        engine.close()


def caps_in_force(engine: Engine, models: Relation, rules: Relation) -> Relation:
    """Rows of identity_caps, of the newest of `models` and the seed blocking_rules."""
    try:
        learnt = trained_model.newest(engine.read(models)).caps
        return engine.to_relation(caps.caps_in_force(engine.read(rules), learnt))
    finally:
        engine.close()


def new_pairs(
    engine: Engine,
    given: Compared,
    models: Relation,
    changes: Relation,
    run: Relation,
    stored: str | None,
    bands: Bands = DEFAULT,
) -> Relation:
    """New rows of identity_pairs: the pairs of records that changed since pairs were last scored.

    `changes` are the rows of identity_record_log; `stored` is the full name of identity_pairs, where it is
    there. Pairs of an earlier version are all scored again.

    Raises FixModel where the model in force is an earlier release's, or `run` one that is over.
    """
    try:
        model = _model_in_force(engine.read(models))
        last = _last_scored(engine, stored, f"version = '{pairs.version(model, bands)}'")
        since = "true"
        if last is not None:
            since = f"seen_at > {_moment(last)}"
            if not engine.query(changes, f"select record_id from given where {since} limit 1").num_rows:
                return engine.to_relation(pairs.SCHEMA.empty_table())
        started_at = _started_at(engine, run)
        _check_run(started_at, _last_scored(engine, stored), "identity_pairs")
        changed_only = last is not None
        number_records(engine, given.records)
        engine.register("changes", changes, "record_id", since)
        engine.create_table(
            "changed", "select n from numbers where record_id in (select record_id from changes)"
        )
        make_linking_values(engine, given.identifiers)
        pairs.make_rule_pairs(engine, changed_only=changed_only)
        make_blocks(engine, given.keys, given.rules, changed_only=changed_only)
        make_candidates(engine, changed_only=changed_only)
        if changed_only:
            engine.create_table("met", _MET)
        make_features_of(engine, "met" if changed_only else "numbers", given.records, given.nicknames)
        # Scoring takes the most memory, and needs these no more.
        engine.drop("linking_values", "numbers", "changed", "changes")
        return pairs.score(engine, model, started_at, bands)
    finally:
        engine.close()


def new_assignments(
    engine: Engine,
    given: Input,
    run: Relation,
    stored: str | None,
    guard: ChangeGuard | None = None,
    bands: Bands = DEFAULT,
) -> Relation:
    """New rows of identity_assignments. `stored` is its full name, where it is there: the log.

    Raises FixModel where `run` is one that is over, and ConfirmFirst where the rows change more of the people
    that there were than `guard` allows.
    """
    try:
        row = engine.read(run).to_pylist()[0]
        log = engine.table(stored) if stored else engine.to_relation(assignments.SCHEMA.empty_table())
        relations = {field.name: getattr(given, field.name) for field in fields(given)} | {"log": log}
        if engine.distributed:
            rows = partitioned_assignment.assign(
                engine, Input(**relations), row["run_id"], row["started_at"], bands
            )
        else:
            relations = {
                name: engine.query(relation, f"select {', '.join(inputs.COLUMNS.get(name, '*'))} from given")
                for name, relation in relations.items()
            }
            rows = engine.to_relation(
                assignments.assign(Input(**relations), row["run_id"], row["started_at"], bands)
            )
        if stored and engine.query(rows, "select record_id from given limit 1").num_rows:
            _check_run(row["started_at"], _last_assigned(engine, log), "identity_assignments")
        if guard is not None and stored:
            change_guard.check(engine, guard, rows, relations["log"], relations["decisions"])
        return rows
    finally:
        engine.close()


def _model_in_force(models: pa.Table) -> Model:
    """The newest model, which has to compare what this release does: its levels explain each pair."""
    model = trained_model.newest(models)
    made = {comparison.name: [level.label for level in comparison.levels] for comparison in compared.ALL}
    for entry in model.settings["comparisons"]:
        name = entry["output_column_name"]
        if made.get(name) != [level["label_for_charts"] for level in entry["comparison_levels"]]:
            raise FixModel(
                f"The model {model.version} of identity_models was trained by an earlier release, "
                f"which compared {name} in another way.",
                "Run `cdp identity train --accept` and build again: ids carry over.",
            )
    return model


def _last_scored(engine: Engine, stored: str | None, where: str = "true") -> dt.datetime | None:
    if not stored:
        return None
    found = engine.query(engine.table(stored), f"select max(scored_at) as scored_at from given where {where}")
    last: dt.datetime | None = found.column("scored_at")[0].as_py()
    return last


def _last_assigned(engine: Engine, log: Relation) -> dt.datetime | None:
    found = engine.query(log, "select max(assigned_at) as assigned_at from given")
    last: dt.datetime | None = found.column("assigned_at")[0].as_py()
    return last


def _check_run(started_at: dt.datetime, last: dt.datetime | None, table: str) -> None:
    """Rows of one moment would have no order, and the latest is what holds."""
    if last is not None and started_at <= last:
        raise FixModel(
            f"identity_run is of {started_at:%Y-%m-%d %H:%M:%S}, and {table} has rows of "
            f"{last:%Y-%m-%d %H:%M:%S} already; nothing was added.",
            "Build identity_run too: `dbt build --select +identity_assignments+`.",
        )


def _started_at(engine: Engine, run: Relation) -> dt.datetime:
    started_at: dt.datetime = engine.read(run).column("started_at")[0].as_py()
    return started_at


def _moment(at: dt.datetime) -> str:
    return f"cast('{at.isoformat()}' as timestamp)"
