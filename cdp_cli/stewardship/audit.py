"""Audits what was merged: sizes now and before, the largest merges, and where profiles are weakest."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering.bridges import Integers, cuts
from cdp_cli.identity.clustering.decisions import settled
from cdp_cli.identity.in_memory_engine import connect

# Upper ends of the classes of the distribution; the last is open.
_SIZES = (1, 2, 3, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class SizeClass:
    """How many profiles have so many records, now and before the last run that changed any."""

    records: str
    profiles: int
    profiles_before: int


@dataclass(frozen=True)
class Merge:
    """A profile that the last run merged into another, and the surest pair that joined them."""

    retired_profile_id: str
    profile_id: str
    count_records: int
    records_of_profile: int
    linked_by: str | None
    linked_probability: float | None


@dataclass(frozen=True)
class Bridge:
    """A record, or a pair, without which a profile falls apart, and how many records it would lose."""

    profile_id: str
    records: int
    record_id: str
    other_record_id: str | None
    cut_off: int


@dataclass(frozen=True)
class WeakLink:
    """The weakest pair of the strongest that hold a profile together."""

    profile_id: str
    records: int
    left_record_id: str
    right_record_id: str
    probability: float
    linked_by: str


@dataclass(frozen=True)
class Conflict:
    """A profile with several values of an identifier of which a person has one (of one source, or at all)."""

    profile_id: str
    identifier_type: str
    source: str | None
    count_values: int
    record_ids: Sequence[str]


@dataclass(frozen=True)
class Audit:
    """The audit. Counts are of all that was found; the lists hold the most telling ones first.

    `unconnected` counts profiles that no chain of pairs in force holds together: the next build parts them.
    """

    records: int
    profiles: int
    profiles_before: int
    last_run_at: dt.datetime | None
    largest: int
    largest_before: int
    sizes: Sequence[SizeClass]
    count_merges: int
    merges: Sequence[Merge]
    count_bridges: int
    bridges: Sequence[Bridge]
    unconnected: int
    weakest: Sequence[WeakLink]
    count_conflicts: int
    conflicts: Sequence[Conflict]


def audit(
    log: pa.Table,
    pairs: pa.Table,
    identifiers: pa.Table,
    decisions: pa.Table,
    identifier_types: pa.Table,
    limit: int = 10,
    bands: Bands = DEFAULT,
) -> Audit:
    """The audit of the profiles of a log of assignments.

    `log` is all of identity_assignments, `pairs` those in force, `identifiers` are identity_identifiers,
    `decisions` all that people decided, `identifier_types` is the seed of that name. Lists hold `limit` rows
    at most.
    """
    connection = connect()
    try:
        for name, table in (("log", log), ("pairs", pairs), ("identifiers", identifiers)):
            connection.register(name, table)
        connection.execute(_TABLES)
        known = connection.sql("select record_id from present").to_arrow_table().column("record_id")
        connection.register("decided", settled(decisions, known))
        merges = _rows(connection, _MERGES)
        one_of = [_one_per(identifier_types, kind) for kind in ("source", "all")]
        conflicts = _rows(connection, _CONFLICTS, *one_of)
        bridges, weakest, unconnected = _links(connection, limit, bands)
        sizes = _sizes(connection)
        counts = _rows(connection, _COUNTS)[0]
    finally:
        connection.close()
    return Audit(
        **counts,
        sizes=sizes,
        count_merges=len(merges),
        merges=tuple(Merge(**row) for row in merges[:limit]),
        count_bridges=len(bridges),
        bridges=tuple(bridges[:limit]),
        unconnected=unconnected,
        weakest=tuple(weakest),
        count_conflicts=len(conflicts),
        conflicts=tuple(Conflict(**row) for row in conflicts[:limit]),
    )


def _one_per(identifier_types: pa.Table, kind: str) -> list[str]:
    """The identifier types of which a person has one in a source, or one at all."""
    rows = identifier_types.select(["identifier_type", "one_per_person"]).to_pylist()
    return [row["identifier_type"] for row in rows if row["one_per_person"] == kind]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(sql, params=parameters).to_arrow_table().to_pylist()
    return found


def _sizes(connection: duckdb.DuckDBPyConnection) -> tuple[SizeClass, ...]:
    now, before = (
        connection.sql(f"select records from {table}").to_arrow_table().column("records").to_numpy()
        for table in ("profiles_now", "profiles_before")
    )
    found = []
    for low, high in zip((0, *_SIZES), (*_SIZES, None), strict=True):
        counts = [
            int(((sizes > low) & (sizes <= (high or np.iinfo(np.int64).max))).sum())
            for sizes in (now, before)
        ]
        name = f"{low + 1:,}+" if high is None else f"{high}" if high == low + 1 else f"{low + 1}-{high}"
        found.append(SizeClass(name, *counts))
    return tuple(found)


def _links(
    connection: duckdb.DuckDBPyConnection, limit: int, bands: Bands
) -> tuple[list[Bridge], list[WeakLink], int]:
    """Bridges, the weakest links, and how many profiles no pairs connect."""
    members = connection.sql("select record_id, profile_id, records from members order by n").to_arrow_table()
    found = connection.sql(_LINKS).to_arrow_table()
    left, right = (found.column(name).to_numpy().astype(np.int64) for name in ("l", "r"))
    probability = found.column("probability").to_numpy().astype(np.float64)
    sure = probability >= bands.auto - bands.hysteresis
    record_ids, profile_ids = (members.column(name).to_pylist() for name in ("record_id", "profile_id"))
    records = members.column("records").to_pylist()
    bridges = [
        Bridge(
            profile_id=profile_ids[cut.one],
            records=records[cut.one],
            record_id=record_ids[cut.one],
            other_record_id=None if cut.other is None else record_ids[cut.other],
            cut_off=cut.smaller,
        )
        for cut in cuts(members.num_rows, left[sure], right[sure])
    ]
    bridges.sort(key=lambda b: (-b.cut_off, b.profile_id, b.other_record_id is None, b.record_id))
    tree = _strongest_tree(members.num_rows, left, right, probability)
    links = Counter(profile_ids[one] for one in left[tree].tolist())
    unconnected = sum(links[profile] < held - 1 for profile, held in Counter(profile_ids).items())
    weakest: list[WeakLink] = []
    seen: set[str] = set()
    for edge in tree[np.argsort(probability[tree], kind="stable")].tolist():
        one, other = int(left[edge]), int(right[edge])
        if len(weakest) == limit:
            break
        if profile_ids[one] in seen:
            continue
        seen.add(profile_ids[one])
        weakest.append(
            WeakLink(
                profile_ids[one], records[one], record_ids[one], record_ids[other],
                float(probability[edge]), found.column("linked_by")[edge].as_py(),
            )
        )  # fmt: skip
    return bridges, weakest, unconnected


def _strongest_tree(count: int, left: Integers, right: Integers, probability: Any) -> Any:
    """The numbers of the pairs of a spanning tree of each component whose weakest pair is the strongest."""
    if not len(left):
        return np.zeros(0, dtype=np.int64)
    # The ranks of pairs, the surest first: ties go to the first pair, and no weight is zero.
    order = np.lexsort((right, left, -probability))
    rank = np.empty(len(order), dtype=np.float64)
    rank[order] = np.arange(1, len(order) + 1)
    tree = minimum_spanning_tree(coo_matrix((rank, (left, right)), shape=(count, count)).tocsr())
    return np.sort(order[tree.data.astype(np.int64) - 1])


_TABLES = """
    create table last_run as select max(assigned_at) as assigned_at from log;

    create table present as
    select record_id, profile_id
    from (
        select * from log
        qualify row_number() over (partition by record_id order by assigned_at desc) = 1
    )
    where profile_id is not null;

    create table earlier as
    select record_id, profile_id
    from (
        select * from log
        where assigned_at < (select assigned_at from last_run)
        qualify row_number() over (partition by record_id order by assigned_at desc) = 1
    )
    where profile_id is not null;

    create table profiles_now as select profile_id, count(*) as records from present group by profile_id;
    create table profiles_before as select profile_id, count(*) as records from earlier group by profile_id;

    -- Records of profiles of two or more, numbered.
    create table members as
    select
        row_number() over (order by present.profile_id, present.record_id) - 1 as n,
        present.record_id,
        present.profile_id,
        profiles_now.records
    from present
    inner join profiles_now using (profile_id)
    where profiles_now.records > 1;
"""

_COUNTS = """
    select
        (select count(*) from present) as records,
        (select count(*) from profiles_now) as profiles,
        (select count(*) from profiles_before) as profiles_before,
        (select assigned_at from last_run) as last_run_at,
        (select coalesce(max(records), 0) from profiles_now) as largest,
        (select coalesce(max(records), 0) from profiles_before) as largest_before
"""

# As identity_events tells them: nothing is left of the one, and the other took the most of it.
_MERGES = """
    select
        earlier.profile_id as retired_profile_id,
        present.profile_id,
        count(*) as count_records,
        any_value(profiles_now.records) as records_of_profile,
        arg_max(log.linked_by, log.linked_probability) as linked_by,
        max(log.linked_probability) as linked_probability
    from earlier
    inner join present on earlier.record_id = present.record_id
    inner join profiles_now on present.profile_id = profiles_now.profile_id
    inner join log
        on present.record_id = log.record_id and log.assigned_at = (select assigned_at from last_run)
    where earlier.profile_id not in (select profile_id from profiles_now)
    group by earlier.profile_id, present.profile_id
    qualify row_number() over (
        partition by earlier.profile_id order by count(*) desc, present.profile_id
    ) = 1
    order by least(count_records, records_of_profile - count_records) desc, records_of_profile desc, 1
"""

_LINKS = """
    select
        l.n as l,
        r.n as r,
        case when coalesce(decided.decision = 'same', false) then 1.0 else pairs.match_probability end
            as probability,
        case when decided.decision = 'same' then 'decision' else coalesce(pairs.rule, 'score') end
            as linked_by
    from pairs
    full join decided
        on pairs.left_record_id = decided.left_record_id and pairs.right_record_id = decided.right_record_id
    inner join members as l on coalesce(pairs.left_record_id, decided.left_record_id) = l.record_id
    inner join members as r on coalesce(pairs.right_record_id, decided.right_record_id) = r.record_id
    where l.profile_id = r.profile_id
    and (
        coalesce(decided.decision = 'same', false)
        or (pairs.match_probability is not null and pairs.veto is null)
    )
    order by l.n, r.n
"""

# Junk and household values are nobody's own, so several of them say nothing.
_CONFLICTS = """
    select
        present.profile_id,
        identifiers.identifier_type,
        case when list_contains($1, identifiers.identifier_type) then identifiers.source end as source,
        count(distinct identifiers.identifier_value) as count_values,
        list(distinct present.record_id order by present.record_id) as record_ids
    from identifiers
    inner join present on identifiers.record_id = present.record_id
    where identifiers.identifier_class = 'personal'
    and (list_contains($1, identifiers.identifier_type) or list_contains($2, identifiers.identifier_type))
    group by 1, 2, 3
    having count(distinct identifiers.identifier_value) > 1
    order by count_values desc, 1, 2, 3
"""
