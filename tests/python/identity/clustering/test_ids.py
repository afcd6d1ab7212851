from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cdp_cli.identity.clustering.ids import carry, mint

numbers = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=1, max_size=20)


def carried(rows: list[tuple[int, int]]) -> dict[int, int]:
    groups, previous = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return carry(groups, previous)


@given(numbers)
def test_a_profile_goes_on_in_one_group_at_most(rows: list[tuple[int, int]]) -> None:
    assert max(Counter(carried(rows).values()).values(), default=1) == 1


@given(numbers)
def test_a_group_goes_on_as_a_profile_that_it_shares_records_with(rows: list[tuple[int, int]]) -> None:
    assert all(pair in rows for pair in carried(rows).items())


@given(numbers)
def test_an_unchanged_group_keeps_its_profile(rows: list[tuple[int, int]]) -> None:
    same = [(profile, profile) for _, profile in rows if profile >= 0]
    if same:
        assert carried(same) == {profile: profile for profile, _ in same}


@given(numbers, st.randoms())
def test_the_order_of_records_does_not_matter(rows: list[tuple[int, int]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert carried(rows) == carried(shuffled)


def test_of_two_groups_the_one_with_more_records_goes_on() -> None:
    assert carried([(0, 3), (1, 3), (1, 3)]) == {1: 3}


def test_of_two_profiles_in_equal_parts_the_older_goes_on() -> None:
    assert carried([(0, 2), (0, 1)]) == {0: 1}


def test_an_id_that_was_issued_is_not_minted_again() -> None:
    first = mint("crm:1", [])
    second = mint("crm:1", [first])
    assert len({first, second, mint("crm:1", [first, second])}) == 3


def test_an_id_says_nothing_of_its_record() -> None:
    assert "crm" not in mint("crm:1", [])
    assert mint("crm:1", []) == mint("crm:1", [])
