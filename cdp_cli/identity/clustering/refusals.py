"""The joins that clustering refuses, with the constraint that decided: rows of the log identity_refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

DECISION, VETO, NAME_CONFLICT, LIMIT = "decision", "veto", "name_conflict", "limit"
AVERAGE_LINKAGE, RIVAL = "average_linkage", "rival"

SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("refused_at", pa.timestamp("us")),
        ("left_profile_id", pa.string()),
        ("right_profile_id", pa.string()),
        ("left_record_id", pa.string()),
        ("right_record_id", pa.string()),
        ("match_probability", pa.float64()),
        ("refused_by", pa.string()),
        ("constraint_name", pa.string()),
        ("left_evidence_id", pa.string()),
        ("right_evidence_id", pa.string()),
        ("observed", pa.float64()),
        ("allowed", pa.float64()),
    ]
)

Pair = tuple[int, int]


@dataclass(frozen=True)
class Refusal:
    """Two groups that a sure pair would join, and why they stay two. Records are numbers.

    `pair` is the strongest pair between the groups, with its `probability`. `kind` is one of the constants of
    this module. `observed` is the figure that broke the constraint, `allowed` the most or least that it may
    be. `evidence` is the pair that is vetoed or decided apart, or a record of the group and one of its rival.
    `limit` is the position of the limit that a join would pass.
    """

    pair: Pair
    probability: float
    kind: str
    evidence: Pair | None = None
    observed: float | None = None
    allowed: float | None = None
    limit: int | None = None


def refusal_rows(
    connection: duckdb.DuckDBPyConnection,
    refused: Sequence[Refusal],
    limits: Sequence[str],
    run_id: str,
    refused_at: dt.datetime,
) -> pa.Table:
    """Refusals in the columns of SCHEMA, sorted by their records.

    `limits` are the identifier types of the limits. Reads the tables `chosen`, `grouped`, `between`,
    `given_pairs` and `decided` of an assignment.
    """
    if not refused:
        return SCHEMA.empty_table()
    connection.register(
        "refused",
        pa.table(
            {
                "l": pa.array([refusal.pair[0] for refusal in refused], pa.int64()),
                "r": pa.array([refusal.pair[1] for refusal in refused], pa.int64()),
                "match_probability": pa.array([refusal.probability for refusal in refused], pa.float64()),
                "kind": [refusal.kind for refusal in refused],
                "evidence_l": pa.array([r.evidence[0] if r.evidence else None for r in refused], pa.int64()),
                "evidence_r": pa.array([r.evidence[1] if r.evidence else None for r in refused], pa.int64()),
                "observed": pa.array([refusal.observed for refusal in refused], pa.float64()),
                "allowed": pa.array([refusal.allowed for refusal in refused], pa.float64()),
                "limit_name": pa.array(
                    [None if r.limit is None else limits[r.limit] for r in refused], pa.string()
                ),
            }
        ),
    )
    try:
        return (
            connection.sql(_ROWS.format(run_id=run_id, at=refused_at.isoformat()))
            .to_arrow_table()
            .cast(SCHEMA)
        )
    finally:
        connection.unregister("refused")


# A decision overrules vetoes, so it is what decided; of vetoes the pair's own comes before one found now.
_ROWS = """
    select
        '{run_id}' as run_id,
        cast('{at}' as timestamp) as refused_at,
        left_group.profile_id as left_profile_id,
        right_group.profile_id as right_profile_id,
        left_chosen.record_id as left_record_id,
        right_chosen.record_id as right_record_id,
        round(refused.match_probability, 9) as match_probability,
        case
            when refused.kind = 'veto' and decided.decision = 'different' then 'decision' else refused.kind
        end as refused_by,
        case
            when refused.kind <> 'veto' then refused.limit_name
            when decided.decision = 'different' then coalesce(decided.decision_group, decided.decision_id)
            else coalesce(given_pairs.veto, between.veto)
        end as constraint_name,
        left_evidence.record_id as left_evidence_id,
        right_evidence.record_id as right_evidence_id,
        round(refused.observed, 9) as observed,
        refused.allowed
    from refused
    inner join chosen as left_chosen on refused.l = left_chosen.n
    inner join chosen as right_chosen on refused.r = right_chosen.n
    inner join grouped as left_group on refused.l = left_group.n
    inner join grouped as right_group on refused.r = right_group.n
    left join chosen as left_evidence on refused.evidence_l = left_evidence.n
    left join chosen as right_evidence on refused.evidence_r = right_evidence.n
    left join decided
        on left_evidence.record_id = decided.left_record_id
        and right_evidence.record_id = decided.right_record_id
    left join given_pairs
        on left_evidence.record_id = given_pairs.left_record_id
        and right_evidence.record_id = given_pairs.right_record_id
    left join between
        on refused.evidence_l = between.n_l and refused.evidence_r = between.n_r
    order by left_record_id, right_record_id
"""
