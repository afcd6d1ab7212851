"""The report of `cdp identity evaluate`: figures of a resolution against the truth, or against decisions."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.evaluation.evaluation import (
    ClusterFigures,
    Integers,
    PairFigures,
    cluster_figures,
    numbers,
    pair_figures,
    share_of_true_pairs,
)

_EVIDENCE = ("first_name", "last_name", "birth_text", "street")


def evidence_columns(identifier_types: pa.Table) -> tuple[str, ...]:
    """The columns of identity_records that say who somebody is, by the seed identifier_types.

    A record that has none of them, such as an anonymous visitor's, can be linked by nobody.
    """
    rows = identifier_types.select(["identifier_type", "is_device"]).to_pylist()
    return (*_EVIDENCE, *sorted(row["identifier_type"] for row in rows if not row["is_device"]))


def keys_compared(blocks: str = "identity_blocks", identifiers: str = "identity_identifiers") -> str:
    """A query of what records are compared under: record_id, rule, key; from two tables, named as in SQL."""
    return f"""
        select record_id, blocking_rule as rule, block_key as key
        from {blocks}
        where not is_skipped
        union all
        select record_id, 'same_' || identifier_type as rule, identifier_value as key
        from {identifiers}
        where identifier_class = 'personal'
    """


@dataclass(frozen=True)
class Report:
    """Figures over the records that the truth knows and that carry evidence.

    `pairs` are the pairs that join by themselves, `clusters` the profiles. `blocking_recall` is the share of
    true pairs that are compared at all. `without_evidence` counts records that the truth knows and nobody
    could link; `with_all_records` has the figures with them.
    """

    judged_by: str
    pairs: PairFigures
    clusters: ClusterFigures
    records: int
    people: int
    blocking_recall: float
    without_evidence: int
    with_all_records: ClusterFigures
    seconds: float
    peak_memory_mb: float


@dataclass(frozen=True)
class DecisionReport:
    """How the build agrees with what people decided, where there is no truth; counts of decided pairs."""

    judged_by: str
    pairs: PairFigures
    clusters: PairFigures
    records: int
    people: int
    decided_same: int
    decided_different: int
    seconds: float
    peak_memory_mb: float


def against_truth(
    records: pa.Table,
    profiles: pa.Table,
    pairs: pa.Table,
    keys: pa.Table,
    truth: pa.Table,
    evidence: Sequence[str],
    seconds: float,
    bands: Bands = DEFAULT,
) -> Report:
    """Figures of `profiles` (record_id, profile_id) and `pairs` against `truth` (record_id, person_id).

    `records` are identity_records, `pairs` rows of identity_pairs, `keys` the rows of keys_compared,
    `evidence` the columns of `evidence_columns`.
    """
    connection = duckdb.connect(":memory:")
    given = {"records": records, "profiles": profiles, "pairs": pairs, "keys": keys, "truth": truth}
    for name, table in given.items():
        connection.register(name, table)
    has_evidence = " or ".join(f"records.{column} is not null" for column in evidence)
    connection.execute(f"""
        create table known as
        select
            row_number() over (order by truth.record_id) - 1 as n,
            truth.record_id,
            cast(truth.person_id as varchar) as person_id,
            coalesce(profiles.profile_id, truth.record_id) as profile_id,
            {has_evidence} as has_evidence
        from truth
        inner join records on truth.record_id = records.record_id
        left join profiles on truth.record_id = profiles.record_id
        where truth.person_id is not null
    """)
    known = connection.sql("select * from known order by n").to_arrow_table()
    joined = connection.sql(f"""
        select l.n as l, r.n as r
        from pairs
        inner join known as l on pairs.left_record_id = l.record_id
        inner join known as r on pairs.right_record_id = r.record_id
        where pairs.match_probability >= {bands.auto} and pairs.veto is null
        and l.has_evidence and r.has_evidence
        order by 1, 2
    """).to_arrow_table()
    compared = connection.execute("""
        with

        keys_of_people as (

            select keys.rule, keys.key, known.person_id, known.n
            from keys
            inner join known on keys.record_id = known.record_id
            where known.has_evidence

        )

        select count(*)
        from (
            select distinct l.n, r.n
            from keys_of_people as l
            inner join keys_of_people as r
                on l.person_id = r.person_id and l.rule = r.rule and l.key = r.key and l.n < r.n
        )
    """).fetchall()[0][0]
    connection.close()
    people, clusters = (
        numbers(known.column("person_id").to_pylist()),
        numbers(known.column("profile_id").to_pylist()),
    )
    judged = known.column("has_evidence").to_numpy(zero_copy_only=False).astype(np.bool_)
    position: Integers = np.cumsum(judged) - 1
    left, right = (position[joined.column(name).to_numpy().astype(np.int64)] for name in ("l", "r"))
    return Report(
        judged_by="truth",
        pairs=pair_figures(left, right, people[judged]),
        clusters=cluster_figures(clusters[judged], people[judged]),
        records=int(judged.sum()),
        people=int(np.unique(people[judged]).size),
        blocking_recall=share_of_true_pairs(int(compared), people[judged]),
        without_evidence=int((~judged).sum()),
        with_all_records=cluster_figures(clusters, people),
        seconds=round(seconds, 3),
        peak_memory_mb=peak_memory_mb(),
    )


def against_decisions(
    profiles: pa.Table, pairs: pa.Table, decisions: pa.Table, seconds: float, bands: Bands = DEFAULT
) -> DecisionReport:
    """Figures of `profiles` and `pairs` on the pairs that people decided, the latest decision of each."""
    connection = duckdb.connect(":memory:")
    for name, table in (("profiles", profiles), ("pairs", pairs), ("decisions", decisions)):
        connection.register(name, table)
    rows = connection.execute(f"""
        with latest as (
            select *
            from decisions
            qualify row_number() over (
                partition by left_record_id, right_record_id order by decided_at desc, decision_id desc
            ) = 1
        ),
        judged as (
            select
                latest.decision = 'same' as same,
                l.profile_id = r.profile_id as together,
                coalesce(pairs.match_probability >= {bands.auto} and pairs.veto is null, false) as paired
            from latest
            inner join profiles as l on latest.left_record_id = l.record_id
            inner join profiles as r on latest.right_record_id = r.record_id
            left join pairs
                on latest.left_record_id = pairs.left_record_id
                and latest.right_record_id = pairs.right_record_id
            where latest.decision in ('same', 'different')
        )
        select
            count(*) filter (same),
            count(*) filter (not same),
            count(*) filter (same and paired),
            count(*) filter (paired),
            count(*) filter (same and together),
            count(*) filter (together),
            (select count(*) from profiles),
            (select count(distinct profile_id) from profiles)
        from judged
    """).fetchall()
    connection.close()
    same, different, paired_same, paired, together_same, together, records, people = rows[0]
    return DecisionReport(
        judged_by="decisions",
        pairs=PairFigures.of(paired_same, paired, same),
        clusters=PairFigures.of(together_same, together, same),
        records=records,
        people=people,
        decided_same=same,
        decided_different=different,
        seconds=round(seconds, 3),
        peak_memory_mb=peak_memory_mb(),
    )


def peak_memory_mb() -> float:
    """The most memory that this process has held, in megabytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    return round(used / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)
