"""Assigns records bucket by bucket, where they are too many for one place: each bucket as the whole would be.

A bucket holds whole components of everything that ties records: pairs that can hold them together, decisions,
and each profile that a record ever was in. What is decided about a component depends on nothing outside of
it, so `assignments.assign` on each bucket finds what it would find on all records at once. Components that
nothing touched since the last run stay where they are.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import assignments, refusals
from cdp_cli.identity.clustering.assignments import Outcome
from cdp_cli.identity.clustering.components import make_components
from cdp_cli.identity.engine import Engine
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.training import trained_model

# A bucket of so many records, with all that belongs to them, takes some 200 MB for a few seconds.
RECORDS_OF_BUCKET = 25_000

# What travels to the buckets; the rest of Input is small, and goes to each.
_TRAVELS = ("records", "identifiers", "pairs", "decisions", "changes", "log")

# The rows of both kinds, side by side.
_KINDS = {"assignment": assignments.SCHEMA, "refusal": refusals.SCHEMA}
_ROWS = pa.unify_schemas([pa.schema([("kind", pa.string())]), *_KINDS.values()])


def assign(
    engine: Engine,
    given: Input,
    run_id: str,
    assigned_at: dt.datetime,
    bands: Bands = DEFAULT,
    records_of_bucket: int = RECORDS_OF_BUCKET,
) -> Outcome:
    """What this run changes, and the joins that it refuses, as relations of the engine."""
    since: dt.datetime | None = (
        engine.query(given.log, "select max(assigned_at) as assigned_at from given")
        .column("assigned_at")[0]
        .as_py()
    )
    for name in _TRAVELS:
        engine.register(f"all_{name}", getattr(given, name))
    # Read several times below, and a view over several tables: without the long explanations of each pair.
    engine.create_table("held_pairs", "select * exclude (comparisons) from all_pairs")
    rescored = _rescored(engine, since)
    engine.create_table("seeds", _seeds(None if rescored else since))
    if not engine.arrow("select record_id from seeds limit 1").num_rows:
        return Outcome(
            engine.to_relation(assignments.SCHEMA.empty_table()),
            engine.to_relation(refusals.SCHEMA.empty_table()),
        )
    decided = engine.query(given.decisions, "select * from given limit 0").column_names
    make_components(engine, "component_of", _ties(bands, grouped="decision_group" in decided))
    engine.create_table("homes", _HOMES)
    count = int(engine.arrow("select count(*) as records from homes").column(0)[0].as_py())
    buckets = -(-count // records_of_bucket)
    work = functools.partial(
        _assign_bucket,
        identifier_types=engine.read(given.identifier_types),
        nicknames=engine.read(given.nicknames),
        models=_without_frequencies(engine.read(given.models)),
        run_id=run_id,
        assigned_at=assigned_at,
        since=since,
        rescored=rescored,
        bands=bands,
    )
    # A partition returns one table, so both kinds of rows share it until all are together.
    rows = engine.map_partitions(_travelling(buckets), work, _ROWS)
    engine.register("outcome", rows)
    assigned, refused = (
        engine.result(f"select {', '.join(schema.names)} from outcome where kind = '{kind}'", schema)
        for kind, schema in _KINDS.items()
    )
    return Outcome(assigned, refused)


def _assign_bucket(
    tables: Mapping[str, pa.Table],
    identifier_types: pa.Table,
    nicknames: pa.Table,
    models: pa.Table,
    run_id: str,
    assigned_at: dt.datetime,
    since: dt.datetime | None,
    rescored: bool,
    bands: Bands,
) -> pa.Table:
    given = Input(identifier_types=identifier_types, nicknames=nicknames, models=models, **tables)
    found = assignments.assign(given, run_id, assigned_at, bands, since, rescored)
    both = [
        rows.append_column("kind", pa.array([kind] * rows.num_rows, pa.string()))
        for kind, rows in zip(_KINDS, (found.assignments, found.refusals), strict=True)
    ]
    return pa.concat_tables(both, promote_options="default").select(_ROWS.names)


def _without_frequencies(models: pa.Table) -> pa.Table:
    """The model in force, without the part that grows with the customer base and only scoring reads."""
    model = trained_model.newest(models)
    trained_at = models.filter(pc.equal(models["version"], model.version))["trained_at"][0].as_py()
    return trained_model.stored(dataclasses.replace(model, frequencies={}), trained_at)


def _rescored(engine: Engine, since: dt.datetime | None) -> bool:
    """Whether all pairs were scored since the last run: by a new model, rule or veto."""
    first = engine.arrow("select min(scored_at) as first_at from held_pairs").column("first_at")[0].as_py()
    return bool(since is not None and first is not None and first > since)


def _seeds(since: dt.datetime | None) -> str:
    """Records that this run may have to look at; `assignments.assign` decides which of them it has to."""
    if since is None:
        return "select record_id from all_records union select record_id from all_log"
    last_run = f"cast('{since.isoformat()}' as timestamp)"
    return f"""
        with

        latest as (

            select
                record_id,
                profile_id,
                row_number() over (partition by record_id order by assigned_at desc) as newest_first
            from all_log

        ),

        present as (

            select record_id from latest where newest_first = 1 and profile_id is not null

        )

        select all_records.record_id
        from all_records
        left join present on all_records.record_id = present.record_id
        where present.record_id is null

        union

        select present.record_id
        from present
        left join all_records on present.record_id = all_records.record_id
        where all_records.record_id is null

        union

        select record_id from all_changes where seen_at > {last_run}

        union

        select left_record_id as record_id from held_pairs where scored_at > {last_run}

        union

        select right_record_id as record_id from held_pairs where scored_at > {last_run}

        union

        select left_record_id as record_id from all_decisions where decided_at > {last_run}

        union

        select right_record_id as record_id from all_decisions where decided_at > {last_run}
    """


# A split is many decisions, which stand for one another.
_OF_GROUPS = """
    select hash('record ' || left_record_id) as a, hash('group ' || decision_group) as b
    from all_decisions
    where decision_group is not null
"""


def _ties(bands: Bands, grouped: bool) -> str:
    """Everything that ties records, as edges between hashes. Two that collide share a bucket, no more.

    `grouped` says whether decisions have groups; those of an earlier release have none.
    """
    of_groups = f"({_OF_GROUPS}) union all" if grouped else ""
    return f"""
        {of_groups}

        select hash('record ' || left_record_id) as a, hash('record ' || right_record_id) as b
        from held_pairs
        where match_probability >= {bands.review} and veto is null

        union all

        select hash('record ' || left_record_id) as a, hash('record ' || right_record_id) as b
        from all_decisions

        union all

        -- For ever, and not only now: an id is never issued again, and ids are carried by their age.
        select hash('record ' || record_id) as a, hash('profile ' || profile_id) as b
        from all_log
        where profile_id is not null

        union all

        -- An id that was issued is minted anew from the record's id and a number (ids.mint), which may be
        -- another record's id, or that of one that is gone.
        select
            hash('record ' || record_id) as a,
            hash('record ' || regexp_replace(record_id, '#[0-9]+$', '')) as b
        from (select record_id from all_records union all select record_id from all_log) as known
        where contains(record_id, '#')
    """


# The component of each record in a component that was touched, for records that are gone as well.
_HOMES = """
    with

    known as (

        select record_id from all_records
        union
        select record_id from all_log

    ),

    placed as (

        select
            known.record_id,
            coalesce(component_of.component, hash('record ' || known.record_id)) as component
        from known
        left join component_of on hash('record ' || known.record_id) = component_of.node

    ),

    touched as (

        select distinct placed.component
        from seeds
        inner join placed on seeds.record_id = placed.record_id

    )

    select placed.record_id, placed.component
    from placed
    inner join touched on placed.component = touched.component
"""


def _travelling(buckets: int) -> dict[str, str]:
    """Queries of what each bucket needs, by the fields of Input."""
    bucket = f"cast(abs({{side}}.component % {buckets}) as integer)"
    home = bucket.format(side="homes")
    of_records = {
        name: f"""
            select {home} as bucket, all_{name}.*
            from all_{name}
            inner join homes on all_{name}.record_id = homes.record_id
        """
        for name in ("records", "identifiers", "changes", "log")
    }
    left, right = bucket.format(side="l"), bucket.format(side="r")
    # A pair that holds nobody together may lie across two buckets: it touches its records in both.
    of_pairs = {
        name: f"""
            select {left} as bucket, {table}.*
            from {table}
            inner join homes as l on {table}.left_record_id = l.record_id

            union all

            select {right} as bucket, {table}.*
            from {table}
            inner join homes as r on {table}.right_record_id = r.record_id
            left join homes as l on {table}.left_record_id = l.record_id
            where l.record_id is null or {left} <> {right}
        """
        for name, table in (("pairs", "held_pairs"), ("decisions", "all_decisions"))
    }
    return of_records | of_pairs
