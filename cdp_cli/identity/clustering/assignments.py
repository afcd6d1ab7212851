"""Which profile each record belongs to: groups the records, carries the ids, and returns what changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import ids, refusals
from cdp_cli.identity.clustering.clustering import cluster, held_components
from cdp_cli.identity.clustering.constraints import constraints, with_unscored
from cdp_cli.identity.clustering.decisions import settled
from cdp_cli.identity.clustering.edges import read_edges
from cdp_cli.identity.clustering.graph import Edges
from cdp_cli.identity.engine import Relation
from cdp_cli.identity.in_memory_engine import connect
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking.rules import rules_of

SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("profile_id", pa.string()),
        ("run_id", pa.string()),
        ("assigned_at", pa.timestamp("us")),
        ("reason", pa.string()),
        ("linked_record_id", pa.string()),
        ("linked_by", pa.string()),
        ("linked_probability", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Outcome:
    """New rows of identity_assignments and of the log of refused joins, each in the columns of its SCHEMA.

    Both are Arrow tables, or relations of the engine that put them together.
    """

    assignments: Relation
    refusals: Relation


def assign(
    given: Input,
    run_id: str,
    assigned_at: dt.datetime,
    bands: Bands = DEFAULT,
    since: dt.datetime | None = None,
    rescored: bool | None = None,
) -> Outcome:
    """What this run changes, sorted by record, and the joins that it refuses.

    `given` holds Arrow tables; where they are a part of the whole, `since` is the last run of the whole log,
    and `rescored` says whether all pairs of the whole were scored since.
    Only components that something touched since the last run are grouped again: a record that is new,
    changed or gone, a pair that was scored, a decision that was taken.
    """
    connection = connect()
    try:
        _make_tables(connection, given, since)
        touched = _touched(connection, rescored)
        edges = read_edges(connection, rules_of(given.identifier_types))
        labels = held_components(touched.size, edges, bands)
        chosen = _records_of_touched_components(labels, touched)
        if not chosen.size and not _removed(connection):
            return Outcome(SCHEMA.empty_table(), refusals.SCHEMA.empty_table())
        return _changes(connection, given, edges, chosen, run_id, assigned_at, bands)
    finally:
        connection.close()


def _make_tables(connection: duckdb.DuckDBPyConnection, given: Input, since: dt.datetime | None) -> None:
    for name in ("records", "pairs", "changes", "log"):
        connection.register(f"given_{name}", getattr(given, name))
    connection.register("decided", settled(given.decisions, given.records.column("record_id")))
    last_run = f"cast('{since.isoformat()}' as timestamp)" if since else "null"
    connection.execute(f"""
        create table numbered as
        select cast(row_number() over (order by record_id) - 1 as bigint) as n, record_id
        from given_records;

        create table present as
        select record_id, profile_id
        from given_log
        qualify row_number() over (partition by record_id order by assigned_at desc) = 1;

        create table last_run as
        select coalesce({last_run}, max(assigned_at), timestamp '0001-01-01') as assigned_at from given_log;
    """)


def _touched(connection: duckdb.DuckDBPyConnection, rescored: bool | None) -> NDArray[np.bool_]:
    """For each record by number, whether this run has to look at it."""
    all_anew = "(select min(scored_at) from given_pairs) > (select assigned_at from last_run)"
    if rescored is not None:
        all_anew = str(rescored).lower()
    found = connection.sql(f"""
        with

        seeds as (

            select numbered.record_id
            from numbered
            left join present on numbered.record_id = present.record_id
            where present.profile_id is null

            union

            -- A new model or rule scores all pairs again, and a pair that it finds no more touches nobody.
            select record_id from numbered where {all_anew}

            union

            select record_id from given_changes where seen_at > (select assigned_at from last_run)

            union

            select unnest([left_record_id, right_record_id])
            from given_pairs
            where scored_at > (select assigned_at from last_run)

            union

            select unnest([left_record_id, right_record_id])
            from decided
            where decided_at > (select assigned_at from last_run)

            union

            select present.record_id
            from present
            left join numbered on present.record_id = numbered.record_id
            where present.profile_id is not null and numbered.record_id is null

        ),

        profiles as (

            select distinct present.profile_id
            from present
            inner join seeds on present.record_id = seeds.record_id
            where present.profile_id is not null

        ),

        reached as (

            select record_id from seeds

            union

            select present.record_id
            from present
            inner join profiles on present.profile_id = profiles.profile_id

        )

        select numbered.n, reached.record_id is not null as touched
        from numbered
        left join reached on numbered.record_id = reached.record_id
        order by numbered.n
    """).to_arrow_table()
    return np.asarray(found.column("touched").to_numpy(zero_copy_only=False), dtype=np.bool_)


def _records_of_touched_components(
    labels: NDArray[np.int64], touched: NDArray[np.bool_]
) -> NDArray[np.int64]:
    hit = np.zeros(int(labels.max(initial=-1)) + 1, dtype=np.bool_)
    hit[labels[touched]] = True
    return np.flatnonzero(hit[labels])


def _removed(connection: duckdb.DuckDBPyConnection) -> bool:
    rows = connection.execute(
        "select count(*) from present anti join numbered using (record_id) where profile_id is not null"
    ).fetchall()
    return bool(rows[0][0])


def _changes(
    connection: duckdb.DuckDBPyConnection,
    given: Input,
    edges: Edges,
    chosen: NDArray[np.int64],
    run_id: str,
    assigned_at: dt.datetime,
    bands: Bands,
) -> Outcome:
    """Group the chosen records, name the groups, and compare with the log."""
    renumbered = np.full(_count(connection, "numbered"), -1, dtype=np.int64)
    renumbered[chosen] = np.arange(chosen.size)
    kept = edges.taken((renumbered[edges.left] >= 0) & (renumbered[edges.right] >= 0))
    edges = Edges(
        renumbered[kept.left],
        renumbered[kept.right],
        kept.probability,
        kept.must_link,
        kept.cannot_link,
        kept.soft_cannot_link,
        kept.was_linked,
    )
    connection.register("chosen_numbers", pa.table({"n": chosen}))
    connection.execute("""
        create table chosen as
        select
            cast(row_number() over (order by numbered.n) - 1 as bigint) as n,
            numbered.record_id,
            present.profile_id
        from numbered
        inner join chosen_numbers on numbered.n = chosen_numbers.n
        left join present on numbered.record_id = present.record_id
    """)
    held_to = constraints(connection, given, edges, chosen.size, bands)
    groups, refused = cluster(
        chosen.size, with_unscored(edges, held_to.between), held_to.filled, held_to.limits, bands
    )
    profile_ids = _profile_ids(connection, groups)
    connection.register(
        "grouped", pa.table({"n": np.arange(chosen.size), "profile_id": pa.array(profile_ids, pa.string())})
    )
    connection.register(
        "linked",
        pa.table(
            {
                "l": edges.left[groups[edges.left] == groups[edges.right]],
                "r": edges.right[groups[edges.left] == groups[edges.right]],
            }
        ),
    )
    connection.register("between", held_to.between)
    limits = given.identifier_types.column("identifier_type").to_pylist()
    stopped = refusals.refusal_rows(connection, refused, limits, run_id, assigned_at)
    return Outcome(_changed_rows(connection, run_id, assigned_at), stopped)


def _changed_rows(connection: duckdb.DuckDBPyConnection, run_id: str, assigned_at: dt.datetime) -> pa.Table:
    """The records of the table `chosen` whose profile is another than in the log, with the reason."""
    return (
        connection.sql(f"""
        with

        changed as (

            select chosen.n, chosen.record_id, grouped.profile_id, chosen.profile_id as earlier_id
            from chosen
            inner join grouped on chosen.n = grouped.n
            where chosen.profile_id is distinct from grouped.profile_id

        ),

        links as (

            select l as n, r as other from linked
            union all
            select r as n, l as other from linked

        ),

        -- The strongest pair that holds a record in its group: why it is there.
        strongest as (

            select
                changed.n,
                others.record_id as linked_record_id,
                case
                    when decided.decision = 'same' then 'decision'
                    else coalesce(given_pairs.rule, 'score')
                end as linked_by,
                given_pairs.match_probability as linked_probability
            from changed
            inner join links on changed.n = links.n
            inner join chosen as others on links.other = others.n
            left join given_pairs
                on least(changed.record_id, others.record_id) = given_pairs.left_record_id
                and greatest(changed.record_id, others.record_id) = given_pairs.right_record_id
            left join decided
                on least(changed.record_id, others.record_id) = decided.left_record_id
                and greatest(changed.record_id, others.record_id) = decided.right_record_id
            qualify row_number() over (
                partition by changed.n
                order by coalesce(decided.decision = 'same', false) desc,
                given_pairs.match_probability desc nulls last, others.record_id
            ) = 1

        ),

        founded as (

            select profile_id from given_log where profile_id is not null group by profile_id

        )

        select
            changed.record_id,
            changed.profile_id,
            '{run_id}' as run_id,
            cast('{assigned_at.isoformat()}' as timestamp) as assigned_at,
            case
                when changed.earlier_id is null and founded.profile_id is null then 'minted'
                when changed.earlier_id is null then 'joined'
                when founded.profile_id is null then 'split'
                else 'moved'
            end as reason,
            strongest.linked_record_id,
            strongest.linked_by,
            strongest.linked_probability
        from changed
        left join strongest on changed.n = strongest.n
        left join founded on changed.profile_id = founded.profile_id

        union all

        select
            present.record_id,
            null as profile_id,
            '{run_id}' as run_id,
            cast('{assigned_at.isoformat()}' as timestamp) as assigned_at,
            'removed' as reason,
            null as linked_record_id,
            null as linked_by,
            null as linked_probability
        from present
        left join numbered on present.record_id = numbered.record_id
        where numbered.record_id is null and present.profile_id is not null

        order by record_id
    """)
        .to_arrow_table()
        .cast(SCHEMA)
    )


def _profile_ids(connection: duckdb.DuckDBPyConnection, groups: NDArray[np.int64]) -> list[str]:
    """The id of each record's group: carried where most of a profile went on there, else minted."""
    chosen = connection.sql("select record_id, profile_id from chosen order by n").to_arrow_table()
    record_ids: list[str] = chosen.column("record_id").to_pylist()
    issued = (
        connection.sql("""
        select profile_id from given_log
        where profile_id is not null
        group by profile_id
        order by min(assigned_at), profile_id
    """)
        .to_arrow_table()
        .column("profile_id")
        .to_pylist()
    )
    ages = {profile_id: age for age, profile_id in enumerate(issued)}
    previous = np.array(
        [-1 if profile is None else ages[profile] for profile in chosen.column("profile_id").to_pylist()],
        dtype=np.int64,
    )
    carried = ids.carry(groups, previous)
    names: dict[int, str] = {group: issued[profile] for group, profile in carried.items()}
    for group in np.unique(groups).tolist():
        if group not in names:
            names[group] = ids.mint(record_ids[group], ages)
    return [names[group] for group in groups.tolist()]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])
