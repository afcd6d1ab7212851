"""Learns how large a block may be for each blocking rule: where hardly a pair is worth a look, none is made.

A pair counts for a rule where no other rule would find it. What a rule finds alone among records that have
little else is worth its cost there, and not where nearly everybody has an e-mail address or a telephone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2
from typing import Any

import numpy as np
import pyarrow as pa

from cdp_cli.identity.clustering.graph import Flags, Integers
from cdp_cli.identity.engine import Engine
from cdp_cli.identity.linking.comparisons import COLUMNS, Comparison
from cdp_cli.identity.linking.scoring import paired_columns, weight_expression

SCHEMA = pa.schema([("blocking_rule", pa.string()), ("max_records", pa.int32())])

# Blocks are judged by how many records they have: over one of these numbers and up to the next.
_SIZES = np.array([1, 2, 5, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000], dtype=np.int64)
# Of so many pairs that a rule alone finds, one at least is to be worth a look.
_PAIRS_FOR_ONE = 500


def caps_in_force(rules: pa.Table, learnt: Mapping[str, int]) -> pa.Table:
    """Rows of identity_caps: of each of the `rules` the lower of its own cap and the one that was learnt."""
    rows = rules.select(SCHEMA.names).sort_by("blocking_rule").to_pylist()
    for row in rows:
        own = row["max_records"]
        row["max_records"] = None if own is None else min(own, learnt.get(row["blocking_rule"], own))
    return pa.Table.from_pylist(rows, SCHEMA)


def learnt_caps(
    engine: Engine,
    rules: Sequence[str],
    comparisons: Sequence[Comparison],
    settings: Mapping[str, Any],
    drawn: str,
    review: float,
) -> dict[str, int]:
    """By rule, the cap up to which its blocks are worth comparing, where that is lower than its own.

    A pair is worth a look if the model gives it at least the probability `review`. The query `drawn` has a
    sample of pairs with each block that has them: join_key_l, join_key_r, rule (a position in `rules`),
    count_records. Reads the table `features`.
    """
    least = f"{log2(review / (1 - review)):.6f}"
    rows = engine.arrow(f"""
        select pairs.join_key_l, pairs.join_key_r, drawn.rule, drawn.count_records, pairs.worth
        from (
            select join_key_l, join_key_r, {weight_expression(settings, comparisons)} >= {least} as worth
            from (
                select join_key_l, join_key_r, {paired_columns(COLUMNS)}
                from (select distinct join_key_l, join_key_r from {drawn} as drawn) as pairs
                inner join features as l on pairs.join_key_l = l.n
                inner join features as r on pairs.join_key_r = r.n
            )
        ) as pairs
        inner join {drawn} as drawn
            on pairs.join_key_l = drawn.join_key_l and pairs.join_key_r = drawn.join_key_r
    """)
    left, right, rule, records = (
        rows.column(name).to_numpy().astype(np.int64)
        for name in ("join_key_l", "join_key_r", "rule", "count_records")
    )
    worth = rows.column("worth").to_numpy(zero_copy_only=False).astype(np.bool_)
    pairs = np.unique(left * (right.max(initial=0) + 1) + right, return_inverse=True)[1]
    return {rules[number]: most for number, most in sorted(lowered(pairs, rule, records, worth).items())}


def lowered(pairs: Integers, rules: Integers, records: Integers, worth: Flags) -> Mapping[int, int]:
    """The most records that a block may have, for rules whose larger blocks are not worth it; 1 is none.

    One row a pair and a block that has it, of a sample of pairs: the pair, the rule and the number of records
    of the block, all as numbers, and whether the pair is worth a look.
    """
    sizes = np.searchsorted(_SIZES, records)
    alive = np.ones(pairs.size, dtype=np.bool_)
    largest = {int(rule): int(sizes[rules == rule].max()) for rule in np.unique(rules)}
    found: dict[int, int] = {}
    while True:
        # What a pair has in common by other rules goes on being found.
        alone = alive & (np.bincount(pairs[alive], minlength=pairs.max(initial=0) + 1)[pairs] == 1)
        costs = {
            rule: (int(at.sum()), int((at & worth).sum()))
            for rule, size in largest.items()
            for at in [alone & (rules == rule) & (sizes == size)]
        }
        # Where the sample says too little, the block stays.
        wasted = {rule: count for rule, (count, hits) in costs.items() if (hits + 1) * _PAIRS_FOR_ONE < count}
        if not wasted:
            return found
        rule = max(wasted, key=lambda rule: (wasted[rule], -rule))
        alive &= ~((rules == rule) & (sizes == largest[rule]))
        found[rule] = int(_SIZES[largest[rule] - 1])
        left = sizes[alive & (rules == rule)]
        largest[rule] = int(left.max()) if left.size else 0
