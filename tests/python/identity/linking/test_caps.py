"""Caps are lowered where a rule's larger blocks find nobody whom no other rule finds, and nowhere else."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_cli.identity.linking.caps import lowered

# A pair, the rule and the size of the block that has it, and whether it is worth a look.
Row = tuple[int, int, int, bool]


def caps(rows: Sequence[Row]) -> dict[int, int]:
    pair, rule, records, worth = (np.array(column) for column in zip(*rows, strict=True))
    return dict(lowered(pair.astype(np.int64), rule.astype(np.int64), records.astype(np.int64), worth))


def pairs(first: int, count: int, rule: int, records: int, worth: int = 0) -> list[Row]:
    """`count` pairs of one rule in blocks of one size, `worth` of them worth a look."""
    return [(first + number, rule, records, number < worth) for number in range(count)]


def test_large_blocks_that_find_nobody_go_and_small_ones_that_find_somebody_stay() -> None:
    rows = pairs(0, 5_000, rule=0, records=40) + pairs(5_000, 5_000, rule=0, records=4, worth=100)
    assert caps(rows) == {0: 30}


def test_a_rule_that_finds_nobody_is_switched_off() -> None:
    assert caps(pairs(0, 5_000, rule=0, records=2)) == {0: 1}


def test_a_rule_that_finds_one_in_five_hundred_stays() -> None:
    assert caps(pairs(0, 5_000, rule=0, records=40, worth=10)) == {}


def test_a_small_sample_decides_nothing() -> None:
    assert caps(pairs(0, 400, rule=0, records=40)) == {}


def test_pairs_that_another_rule_finds_cost_nothing() -> None:
    assert caps(pairs(0, 5_000, rule=0, records=40) + pairs(0, 5_000, rule=1, records=5, worth=100)) == {}


def test_of_two_rules_that_waste_the_same_pairs_none_goes_and_of_pairs_of_their_own_both() -> None:
    shared = pairs(0, 5_000, rule=0, records=40) + pairs(0, 5_000, rule=1, records=40)
    assert caps(shared) == {}
    own = pairs(5_000, 2_000, rule=0, records=40) + pairs(7_000, 1_000, rule=1, records=40)
    assert caps(shared + own) == {0: 30, 1: 30}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_no_more_is_lost_than_was_agreed_and_order_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    rows: list[Row] = []
    for rule in range(4):
        for records in (2, 10, 40, 100):
            count = chance.randrange(1, 3_000)
            first = chance.randrange(10_000)
            rows += pairs(first, count, rule, records, chance.choice([0, 1, count // 300]))
    worth = {pair for pair, _, _, is_worth in rows if is_worth}
    rows = [(pair, rule, records, pair in worth) for pair, rule, records, _ in rows]
    found = caps(rows)
    assert found == caps(chance.sample(rows, len(rows)))
    kept = {pair for pair, rule, records, _ in rows if records <= found.get(rule, records)}
    gone = {pair for pair, *_ in rows} - kept
    assert len(gone & worth) * 500 <= len(gone)
