"""The pipeline of identity, wired here and nowhere else.

features -> blocks -> candidates -> rules -> scores, then assignment. The dbt models (build.py), `resolve` in
memory, retraining and the benchmarks all call these functions.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import assignments, partitioned_assignment
from cdp_cli.identity.engine import Engine, Relation
from cdp_cli.identity.inputs import COLUMNS, Input
from cdp_cli.identity.linking import pairs
from cdp_cli.identity.linking.candidates import lower_caps, make_blocks, make_candidates
from cdp_cli.identity.linking.features import (
    make_features,
    make_features_of,
    make_linking_values,
    number_records,
)
from cdp_cli.identity.linking.rules import rules_of
from cdp_cli.identity.training import training
from cdp_cli.identity.training.sampling import training_blocks
from cdp_cli.identity.training.trained_model import Model

# The records of which anything is said.
_PAIRED = """
select join_key_l as n from candidates
union
select join_key_r as n from candidates
union
select n_l as n from rule_pairs
union
select n_r as n from rule_pairs
"""


@dataclass(frozen=True)
class Records:
    """What records are compared by, each with the columns of the model or seed of the same name.

    `blocking_rules` are the rows of the seed to train with, and of identity_caps to score with.
    """

    identity_records: Relation
    identity_identifiers: Relation
    nicknames: Relation
    identity_keys: Relation
    blocking_rules: Relation
    identifier_types: Relation


def train(engine: Engine, given: Records, bands: Bands = DEFAULT) -> Model:
    """A model of the records as they are."""
    _make_features(engine, given)
    rules = make_blocks(engine, given.identity_keys, given.blocking_rules)
    blind = training_blocks(engine.read(given.blocking_rules))
    return training.train(engine, rules, blind, bands.review)


def _make_features(engine: Engine, given: Records) -> None:
    types = engine.read(given.identifier_types)
    make_features(engine, given.identity_records, given.identity_identifiers, given.nicknames, types)


def link(
    engine: Engine,
    given: Records,
    model: Model,
    scored_at: dt.datetime,
    bands: Bands = DEFAULT,
    changes: Relation = None,
    since: dt.datetime | None = None,
) -> Relation:
    """Rows of identity_pairs by a model: all pairs, or those with a record that changed `since` a moment.

    `changes` are the rows of identity_record_log; they are only read for `since`.
    """
    changed_only = since is not None
    number_records(engine, given.identity_records)
    if since is not None:
        after = f"seen_at > cast('{since.isoformat()}' as timestamp)"
        engine.register("changes", changes, "record_id", after)
        engine.create_table(
            "changed", "select n from numbers where record_id in (select record_id from changes)"
        )
    make_linking_values(engine, given.identity_identifiers, engine.read(given.identifier_types))
    rules = rules_of(engine.read(given.identifier_types))
    pairs.make_rule_pairs(engine, rules, changed_only=changed_only)
    make_blocks(engine, given.identity_keys, given.blocking_rules, changed_only=changed_only)
    make_candidates(engine, changed_only=changed_only)
    if changed_only:
        engine.create_table("paired", _PAIRED)
    make_features_of(engine, "paired" if changed_only else "numbers", given.identity_records, given.nicknames)
    # Scoring takes the most memory, and does not read these.
    engine.drop("linking_values", "numbers", "changed", "changes")
    return pairs.score(engine, model, rules, scored_at, bands)


def train_and_link(
    engine: Engine, given: Records, scored_at: dt.datetime, bands: Bands = DEFAULT, model: Model | None = None
) -> tuple[Model, Relation]:
    """A model and the pairs that it scores, in one pass over the records. A given `model` is not trained."""
    _make_features(engine, given)
    blocks = make_blocks(engine, given.identity_keys, given.blocking_rules)
    if model is None:
        blind = training_blocks(engine.read(given.blocking_rules))
        model = training.train(engine, blocks, blind, bands.review)
    lower_caps(engine, blocks, model.caps)
    make_candidates(engine)
    rules = rules_of(engine.read(given.identifier_types))
    pairs.make_rule_pairs(engine, rules)
    return model, pairs.score(engine, model, rules, scored_at, bands)


def link_two(
    engine: Engine, given: Input, records: Relation, identifiers: Relation, model: Model, bands: Bands
) -> Relation:
    """The row of identity_pairs of two records, whether or not a blocking rule finds them."""
    types = engine.read(given.identifier_types)
    make_features(engine, records, identifiers, given.nicknames, types)
    rules = rules_of(types)
    engine.create_table("candidates", "select 0 as join_key_l, 1 as join_key_r, 0 as match_key")
    pairs.make_rule_pairs(engine, rules)
    return pairs.score(engine, model, rules, dt.datetime(2000, 1, 1), bands)


def assign(
    engine: Engine, given: Input, run_id: str, assigned_at: dt.datetime, bands: Bands = DEFAULT
) -> assignments.Outcome:
    """What a run changes and what it refuses, on one machine or partition by partition."""
    if engine.distributed:
        return partitioned_assignment.assign(engine, given, run_id, assigned_at, bands)
    tables = {
        name: engine.query(relation, f"select {', '.join(COLUMNS.get(name, '*'))} from given")
        for name, relation in vars(given).items()
    }
    return assignments.assign(Input(**tables), run_id, assigned_at, bands)
