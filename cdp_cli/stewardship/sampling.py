"""How right the scores are, from a random sample of pairs that a person looked at.

Pairs are sampled in strata of like probability, so that a few dozen answers say something of every band.
Figures of single strata are put together by their share of all pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import pyarrow as pa

from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering.decisions import in_force
from cdp_cli.identity.in_memory_engine import connect

SEED = 20260101
# Limits of strata besides `review` and `auto`.
_LIMITS = (0.3, 0.5, 0.7, 0.95, 0.99, 0.999)
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Stratum:
    """Pairs with a probability from `low` to below `high`: how many there are, were judged, were the same."""

    low: float
    high: float
    pairs: int
    judged: int
    same: int


@dataclass(frozen=True)
class BandEstimate:
    """How many of a band's pairs are one person: the share, and its 95 % interval.

    `covered` is the share of the band's pairs in strata of which something was judged. The figures are over
    these; None where nothing was judged.
    """

    band: str
    pairs: int
    judged: int
    precision: float | None
    low: float | None
    high: float | None
    covered: float
    strata: tuple[Stratum, ...]


def limits(bands: Bands = DEFAULT) -> list[float]:
    """Where strata begin and end, from `review` to 1."""
    inner = {limit for limit in _LIMITS if bands.review < limit < 1.0}
    return [*sorted(inner | {bands.review, bands.auto}), 1.0]


def draw(pairs: pa.Table, count: int, seed: int = SEED, bands: Bands = DEFAULT) -> list[tuple[str, str]]:
    """`count` pairs of records at random, as many of each stratum as there are, strata taking turns.

    `pairs` has left_record_id, right_record_id and match_probability of identity_current_pairs. Vetoed pairs
    are not in it. The same seed and pairs give the same sample, and a larger one begins with the smaller.
    """
    connection = connect()
    try:
        connection.register("pairs", pairs)
        rows = connection.execute(
            f"""
            select left_record_id, right_record_id
            from (
                select *, {_stratum(bands)} as stratum
                from pairs
                where match_probability >= {bands.review}
            )
            qualify row_number() over (partition by stratum order by {_ORDER}) <= ?
            order by row_number() over (partition by stratum order by {_ORDER}), stratum
            limit ?
            """,
            [seed, count, seed, count],
        ).fetchall()
    finally:
        connection.close()
    return [(left, right) for left, right in rows]


def estimate(pairs: pa.Table, decisions: pa.Table, bands: Bands = DEFAULT) -> tuple[BandEstimate, ...]:
    """Precision of the pairs that join by themselves, and of those that wait.

    Only pairs that a sample asked for count (origin `sample`): what was asked for its consequence is no
    random choice. What holds of such a pair now is what counts.
    `pairs` as for `draw`, `decisions` are the rows of identity_decisions.
    """
    asked = {
        (row["left_record_id"], row["right_record_id"])
        for row in decisions.to_pylist()
        if row.get("origin") == "sample"
    }
    answers = [
        (left, right, row["decision"] == "same")
        for (left, right), row in sorted(in_force(decisions).items())
        if (left, right) in asked and row["decision"] in ("same", "different")
    ]
    connection = connect()
    try:
        connection.register("pairs", pairs)
        columns = list(zip(*answers, strict=True)) or [(), (), ()]
        connection.register(
            "answers",
            pa.table(
                {
                    "left_record_id": pa.array(columns[0], pa.string()),
                    "right_record_id": pa.array(columns[1], pa.string()),
                    "same": pa.array(columns[2], pa.bool_()),
                }
            ),
        )
        rows = connection.execute(f"""
            select
                {_stratum(bands)} as stratum,
                count(*),
                count(answers.same),
                count(*) filter (answers.same)
            from pairs
            left join answers using (left_record_id, right_record_id)
            where match_probability >= {bands.review}
            group by stratum
            order by stratum
        """).fetchall()
    finally:
        connection.close()
    edges = limits(bands)
    strata = [Stratum(edges[number], edges[number + 1], *counts) for number, *counts in rows]
    return (
        _band("auto", [stratum for stratum in strata if stratum.low >= bands.auto]),
        _band("review", [stratum for stratum in strata if stratum.low < bands.auto]),
    )


def _band(name: str, strata: Sequence[Stratum]) -> BandEstimate:
    """Strata put together; each interval's two arms add up as variances do (Zou and Donner 2008)."""
    # Importing it takes most of a second, which only an estimate needs to spend.
    from scipy.stats import binomtest

    pairs = sum(stratum.pairs for stratum in strata)
    judged = [stratum for stratum in strata if stratum.judged]
    covered = sum(stratum.pairs for stratum in judged)
    if not covered:
        return BandEstimate(name, pairs, 0, None, None, None, 0.0, tuple(strata))
    share = down = up = 0.0
    for stratum in judged:
        weight = stratum.pairs / covered
        own = stratum.same / stratum.judged
        # Wilson (1927): it holds for few answers, and for shares near 0 and 1.
        interval = binomtest(stratum.same, stratum.judged).proportion_ci(_CONFIDENCE, method="wilson")
        # Of few pairs most of which were judged, little is left to guess.
        left_to_guess = 1 - stratum.judged / stratum.pairs
        share += weight * own
        down += weight**2 * (own - interval.low) ** 2 * left_to_guess
        up += weight**2 * (interval.high - own) ** 2 * left_to_guess
    return BandEstimate(
        band=name,
        pairs=pairs,
        judged=sum(stratum.judged for stratum in judged),
        precision=round(share, 4),
        low=round(max(0.0, share - sqrt(down)), 4),
        high=round(min(1.0, share + sqrt(up)), 4),
        covered=round(covered / pairs, 4),
        strata=tuple(strata),
    )


def _stratum(bands: Bands) -> str:
    inner = limits(bands)[1:-1]
    cases = " ".join(f"when match_probability < {limit} then {number}" for number, limit in enumerate(inner))
    return f"case {cases} else {len(inner)} end"


# The order of the draw: by content and seed, so that neither rows nor threads have a say.
_ORDER = "md5(cast(? as varchar) || '|' || left_record_id || '|' || right_record_id)"
