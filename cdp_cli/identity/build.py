"""The Python models of a dbt build: train once, set the caps, score what changed, assign.

Each is a function of an engine and of tables by the names that dbt gives them, and returns the new rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from cdp_cli.errors import FixModel
from cdp_cli.identity import pipeline
from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import assignments, change_guard
from cdp_cli.identity.clustering.change_guard import ChangeGuard
from cdp_cli.identity.engine import Engine, Relation
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking import caps, pairs
from cdp_cli.identity.linking import comparisons as compared
from cdp_cli.identity.linking.rules import rules_of
from cdp_cli.identity.training import trained_model
from cdp_cli.identity.training.trained_model import Model

# Relations by the names of models, seeds and sources.
Tables = Mapping[str, Relation]


@dataclass(frozen=True)
class PythonModel:
    """A dbt model that is Python: the tables that it reads, and the function that returns its new rows.

    The function takes the engine, the tables, the full name of the model's own table (None before the first
    build) and the bands.
    """

    reads: tuple[str, ...]
    run: Callable[[Engine, Tables, str | None, Bands], Relation]


def first_model(engine: Engine, tables: Tables, stored: str | None, bands: Bands = DEFAULT) -> Relation:
    """Rows of identity_models: one, trained on the records as they are now, or none if a model is stored.

    Training is not part of a build. The first build trains once; later ones use the stored model.
    """
    try:
        if stored and engine.query(engine.table(stored), "select version from given limit 1").num_rows:
            return engine.to_relation(trained_model.SCHEMA.empty_table())
        model = pipeline.train(engine, records_of(tables, "blocking_rules"), bands)
        return engine.to_relation(trained_model.stored(model, _started_at(engine, tables)))
    finally:
        engine.close()


def caps_in_force(engine: Engine, tables: Tables, stored: str | None, bands: Bands = DEFAULT) -> Relation:
    """Rows of identity_caps: the caps of the seed, lowered by what the newest model learnt."""
    try:
        learnt = trained_model.newest(engine.read(tables["identity_models"])).caps
        return engine.to_relation(caps.caps_in_force(engine.read(tables["blocking_rules"]), learnt))
    finally:
        engine.close()


def new_pairs(engine: Engine, tables: Tables, stored: str | None, bands: Bands = DEFAULT) -> Relation:
    """New rows of identity_pairs: the pairs of records that changed since pairs were last scored.

    Pairs of an earlier version are all scored again. Raises FixModel if the model in force is of an earlier
    release, or the run is one that is over.
    """
    try:
        model = _model_in_force(engine.read(tables["identity_models"]))
        changes = tables["identity_record_log"]
        rules = rules_of(engine.read(tables["identifier_types"]))
        last = _last(engine, stored, "scored_at", f"version = '{pairs.version(model, rules, bands)}'")
        if last is not None:
            after = f"cast('{last.isoformat()}' as timestamp)"
            anything = f"select record_id from given where seen_at > {after} limit 1"
            if not engine.query(changes, anything).num_rows:
                return engine.to_relation(pairs.SCHEMA.empty_table())
        started_at = _started_at(engine, tables)
        _check_run(started_at, _last(engine, stored, "scored_at"), "identity_pairs")
        given = records_of(tables, "identity_caps")
        return pipeline.link(engine, given, model, started_at, bands, changes, last)
    finally:
        engine.close()


def new_assignments(
    engine: Engine,
    tables: Tables,
    stored: str | None,
    bands: Bands = DEFAULT,
    guard: ChangeGuard | None = None,
    refusal_log: str | None = None,
) -> Relation:
    """New rows of identity_assignments; `stored` is the log.

    Refused joins are appended to the table `refusal_log`, by its full name, once nothing stops the run.

    Raises FixModel if the run is one that is over, and ConfirmFirst if the rows would change more of the
    profiles than `guard` allows.
    """
    try:
        run = engine.read(tables["identity_run"]).to_pylist()[0]
        log = engine.table(stored) if stored else engine.to_relation(assignments.SCHEMA.empty_table())
        given = assignment_input(tables, log)
        outcome = pipeline.assign(engine, given, run["run_id"], run["started_at"], bands)
        rows = engine.to_relation(outcome.assignments)
        if stored and engine.query(rows, "select record_id from given limit 1").num_rows:
            _check_run(run["started_at"], _last(engine, stored, "assigned_at"), "identity_assignments")
        if guard is not None and stored:
            change_guard.check(engine, guard, rows, log, given.decisions)
        if refusal_log is not None:
            engine.append(refusal_log, outcome.refusals)
        return rows
    finally:
        engine.close()


def assignment_input(tables: Tables, log: Relation) -> Input:
    """What an assignment reads, of tables by the names that dbt gives them."""
    return Input(
        records=tables["identity_records"],
        identifiers=tables["identity_identifiers"],
        identifier_types=tables["identifier_types"],
        nicknames=tables["nicknames"],
        models=tables["identity_models"],
        pairs=tables["identity_current_pairs"],
        decisions=tables["identity_decisions"],
        changes=tables["identity_record_log"],
        log=log,
    )


_RECORDS = ("identity_records", "identity_identifiers", "nicknames", "identity_keys", "identifier_types")

# In the order in which a build runs them; identity_current_pairs comes before the last.
MODELS: Mapping[str, PythonModel] = {
    "identity_models": PythonModel((*_RECORDS, "blocking_rules", "identity_run"), first_model),
    "identity_caps": PythonModel(("identity_models", "blocking_rules"), caps_in_force),
    "identity_pairs": PythonModel(
        (*_RECORDS, "identity_caps", "identity_models", "identity_record_log", "identity_run"), new_pairs
    ),
    "identity_assignments": PythonModel(
        (
            "identity_records", "identity_identifiers", "identifier_types", "nicknames", "identity_models",
            "identity_current_pairs", "identity_decisions", "identity_record_log", "identity_run",
        ),
        new_assignments,
    ),
}  # fmt: skip


def records_of(tables: Tables, rules: str) -> pipeline.Records:
    """What linking reads; `rules` is blocking_rules to train with, identity_caps to score with."""
    return pipeline.Records(
        identity_records=tables["identity_records"],
        identity_identifiers=tables["identity_identifiers"],
        nicknames=tables["nicknames"],
        identity_keys=tables["identity_keys"],
        blocking_rules=tables[rules],
        identifier_types=tables["identifier_types"],
    )


def _model_in_force(models: pa.Table) -> Model:
    """The newest model. Its levels explain each pair, so they have to be those of this release."""
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


def _last(engine: Engine, stored: str | None, column: str, where: str = "true") -> dt.datetime | None:
    """The latest moment in a column of a stored table; None before the first build."""
    if not stored:
        return None
    found = engine.query(engine.table(stored), f"select max({column}) as last from given where {where}")
    last: dt.datetime | None = found.column("last")[0].as_py()
    return last


def _check_run(started_at: dt.datetime, last: dt.datetime | None, table: str) -> None:
    """The latest row holds, so two runs must not have one moment."""
    if last is not None and started_at <= last:
        raise FixModel(
            f"identity_run is of {started_at:%Y-%m-%d %H:%M:%S}, and {table} has rows of "
            f"{last:%Y-%m-%d %H:%M:%S} already; nothing was added.",
            "Build identity_run too: `dbt build --select +identity_assignments+`.",
        )


def _started_at(engine: Engine, tables: Tables) -> dt.datetime:
    started_at: dt.datetime = engine.read(tables["identity_run"]).column("started_at")[0].as_py()
    return started_at
