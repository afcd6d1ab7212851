"""What the build's Python models do, Arrow tables in and out: train once, score what changed, assign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.identity import assignments, pairs, scoring, training
from cdp_cli.identity.features import connect, make_features
from cdp_cli.identity.inputs import Input

# A table that is only read where it is needed: all that a second build with nothing new does is to look.
Lazy = Callable[[], Any]


def first_model(records: Lazy, identifiers: Lazy, nicknames: Lazy, blocks: Lazy, run: pa.Table) -> pa.Table:
    """One row of identity_models, trained on the records as they are now."""
    connection = connect()
    try:
        rules = _compare(connection, records, identifiers, nicknames, blocks)
        scoring.make_candidates(connection, changed_only=False)
        model = training.train(connection, rules)
    finally:
        connection.close()
    return training.stored(model, run.column("started_at")[0].as_py())


def new_pairs(
    records: Lazy,
    identifiers: Lazy,
    nicknames: Lazy,
    blocks: Lazy,
    models: pa.Table,
    changes: pa.Table,
    scored: pa.Table,
    run: pa.Table,
) -> pa.Table:
    """New rows of identity_pairs: the pairs of records that changed since pairs were last scored.

    `changes` are the rows of identity_record_log; `scored` has `version` and the last `scored_at` of each
    version in identity_pairs. Pairs of an earlier version are all scored again.
    """
    model = training.newest(models)
    last = {row["version"]: row["scored_at"] for row in scored.to_pylist()}.get(pairs.version(model))
    if last is not None:
        changes = changes.filter(
            pc.greater(changes.column("seen_at"), pa.scalar(last, changes.schema.field("seen_at").type))
        )
        if not changes.num_rows:
            return pairs.SCHEMA.empty_table()
    connection = connect()
    try:
        _compare(connection, records, identifiers, nicknames, blocks)
        connection.register("changes", changes)
        connection.execute(
            "create table changed as "
            "select features.n from features where record_id in (select record_id from changes)"
        )
        scoring.make_candidates(connection, changed_only=last is not None)
        return pairs.score(
            connection, model, run.column("started_at")[0].as_py(), changed_only=last is not None
        )
    finally:
        connection.close()


def new_assignments(given: Input, run: pa.Table) -> pa.Table:
    """New rows of identity_assignments."""
    row = run.to_pylist()[0]
    return assignments.assign(given, row["run_id"], row["started_at"])


def _compare(
    connection: duckdb.DuckDBPyConnection, records: Lazy, identifiers: Lazy, nicknames: Lazy, blocks: Lazy
) -> tuple[str, ...]:
    make_features(connection, records(), identifiers(), nicknames())
    return scoring.make_blocks(connection, blocks())
