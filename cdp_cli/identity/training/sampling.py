"""Draws the pairs that a model is learnt from: random pairs, and pairs of the blocks of a few rules.

All are counted by their levels of agreement in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.identity.engine import Engine
from cdp_cli.identity.linking import comparisons as compared
from cdp_cli.identity.linking.candidates import pairs_of_blocks
from cdp_cli.identity.linking.comparisons import Comparison
from cdp_cli.identity.linking.scoring import level_expression, paired_columns
from cdp_cli.identity.training.expectation import RANDOM, PairSample

SEED = 20260101
RANDOM_PAIRS = 300_000
MOST_PAIRS_OF_BLOCKS = 200_000
_CANDIDATES = "candidates"
_DRAWN_PAIRS = "drawn_pairs"

# A number below _LEHMER for a pair, by its content: a sample that neither threads, the order of rows nor the
# engine can change. A step of the generator of Park and Miller (1988), squared.
_LEHMER = 2147483647
_MIXED = f"((cast(join_key_l as bigint) * 1000003 + join_key_r) % {_LEHMER} * 48271 % {_LEHMER})"
_DRAWN = f"{_MIXED} * {_MIXED} % {_LEHMER}"

# By blocking rule, the comparisons that say nothing about its pairs.
Blind = Mapping[str, tuple[str, ...]]


def training_blocks(rules: pa.Table) -> Blind:
    """The blocking rules that training learns from, by rows of the seed blocking_rules."""
    rows = rules.select(["blocking_rule", "blind_to"]).sort_by("blocking_rule").to_pylist()
    return {row["blocking_rule"]: tuple(row["blind_to"].split()) for row in rows if row["blind_to"]}


def pair_samples(
    engine: Engine, comparisons: Sequence[Comparison], rules: Sequence[str], blind: Blind, count_records: int
) -> tuple[list[PairSample], PairSample, str]:
    """The samples to learn from, a sample of all pairs that share a block, and a query of the pairs of that.

    All of them are counted in one pass, since each pass costs an engine of many machines seconds.
    """
    counts = _pairs_by_rule(engine, rules)
    found = {rule: rules.index(rule) for rule in blind if rule in counts}
    counts[_CANDIDATES] = sum(counts.values())
    limits = {
        name: min(_LEHMER, MOST_PAIRS_OF_BLOCKS * _LEHMER // max(counts[name], 1))
        for name in (*found, _CANDIDATES)
    }
    of_rules = "".join(f" or rule = {rule} and drawn < {limits[name]}" for name, rule in found.items())
    # A pair of several blocks is drawn or not whatever the block.
    engine.create_table(
        _DRAWN_PAIRS,
        f"select * from (select *, {_DRAWN} as drawn from ({pairs_of_blocks()}) as pairs) as pairs "
        f"where drawn < {limits[_CANDIDATES]}{of_rules}",
    )
    both = f"select join_key_l, join_key_r from {_DRAWN_PAIRS}"
    pairs = {RANDOM: _random_pairs(engine, count_records)} | {
        name: f"{both} where rule = {rule} and drawn < {limits[name]}" for name, rule in found.items()
    }
    drawn = f"(select * from {_DRAWN_PAIRS} where drawn < {limits[_CANDIDATES]})"
    pairs[_CANDIDATES] = f"select distinct join_key_l, join_key_r from {drawn} as pairs"
    sampled = {name: limit / _LEHMER for name, limit in limits.items()} | {RANDOM: 1.0}
    positions = {comparison.name: position for position, comparison in enumerate(comparisons)}
    used = {
        name: tuple(positions[u] for u in blind.get(name, ()) if u in positions) for name in (RANDOM, *found)
    }
    levels = _counted(engine, comparisons, pairs)
    samples = {name: _sample(levels, comparisons, name, used.get(name, ()), sampled[name]) for name in pairs}
    return [samples[name] for name in used], samples[_CANDIDATES], drawn


def _pairs_by_rule(engine: Engine, rules: Sequence[str]) -> dict[str, int]:
    """How many pairs share a block, by rule; a pair of several rules counts for each."""
    # Each record of a block has a pair with each other, and each pair has two records.
    found = engine.arrow("select rule, sum(count_records - 1) as count_twice from blocks group by rule")
    return {rules[row["rule"]]: int(row["count_twice"]) // 2 for row in found.to_pylist()}


def _random_pairs(engine: Engine, count_records: int) -> str:
    """A query of pairs of records drawn at random: all pairs, where there are few."""
    if count_records * (count_records - 1) // 2 <= RANDOM_PAIRS:
        return (
            "select l.n as join_key_l, r.n as join_key_r "
            "from features as l inner join features as r on l.n < r.n"
        )
    random = np.random.default_rng(SEED)
    first, second = random.integers(0, count_records, (2, RANDOM_PAIRS))
    different = first != second
    table = pa.table(
        {
            "join_key_l": np.minimum(first, second)[different],
            "join_key_r": np.maximum(first, second)[different],
        }
    )
    engine.register("random_pairs", table)
    return "select join_key_l, join_key_r from random_pairs"


def _counted(engine: Engine, comparisons: Sequence[Comparison], pairs: Mapping[str, str]) -> pa.Table:
    """How many pairs of each sample are at each combination of levels."""
    levels = ", ".join(f"cast({level_expression(c)} as bigint) as level_{c.name}" for c in comparisons)
    names = ", ".join(f"level_{c.name}" for c in comparisons)
    all_pairs = " union all ".join(
        f"select '{name}' as sample_name, join_key_l, join_key_r from ({query}) as sampled_pairs"
        for name, query in pairs.items()
    )
    return engine.arrow(f"""
        select sample_name, {names}, count(*) as count_pairs
        from (
            select sample_name, {levels}
            from (
                select pairs.sample_name, {paired_columns(compared.COLUMNS)}
                from ({all_pairs}) as pairs
                inner join features as l on pairs.join_key_l = l.n
                inner join features as r on pairs.join_key_r = r.n
            )
        )
        group by sample_name, {names}
        order by sample_name, {names}
    """)


def _sample(
    counted: pa.Table, comparisons: Sequence[Comparison], name: str, used: Sequence[int], sampled: float
) -> PairSample:
    rows = counted.filter(pc.equal(counted.column("sample_name"), name))
    columns = [rows.column(f"level_{c.name}").to_numpy() for c in comparisons]
    counts = rows.column("count_pairs").to_numpy().astype(np.float64)
    return PairSample(name, np.stack(columns, axis=1), counts, tuple(used), sampled)
