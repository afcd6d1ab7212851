"""Learns how large a block may be for each blocking rule: where hardly a pair is worth a look, none is made.

A pair counts for a rule where no other rule would find it. What a rule finds alone among records that have
little else is worth its cost there, and not where nearly everybody has an e-mail address or a telephone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cdp_cli.identity.graph import Flags, Integers

# Blocks are judged by how many records they have: over one of these numbers and up to the next.
_SIZES = np.array([1, 2, 5, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000], dtype=np.int64)
# Of so many pairs that a rule alone finds, one at least is to be worth a look.
_PAIRS_FOR_ONE = 500


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
