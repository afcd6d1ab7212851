"""What alone holds a graph together, by hand and against trying each removal."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_cli.identity.clustering.bridges import Cut, cuts
from cdp_cli.identity.clustering.graph import components

RECORDS = 8
graphs = st.sets(
    st.tuples(st.integers(0, RECORDS - 1), st.integers(0, RECORDS - 1)).filter(lambda p: p[0] < p[1]),
    max_size=14,
)


def found(count: int, pairs: set[tuple[int, int]], least: int = 2) -> set[Cut]:
    left, right = (np.array([pair[side] for pair in sorted(pairs)], dtype=np.int64) for side in (0, 1))
    return set(cuts(count, left, right, least))


def test_two_triangles_hang_on_a_pair_and_on_its_two_records() -> None:
    triangles = {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}
    assert found(6, triangles) == set()
    assert found(6, triangles | {(2, 3)}) == {Cut(2, 3, 3), Cut(2, None, 2), Cut(3, None, 2)}


def test_a_record_that_hangs_on_by_one_pair_is_no_finding() -> None:
    star = {(0, number) for number in range(1, 9)}
    assert found(9, star) == set()
    assert found(9, star, least=1) >= {Cut(0, None, 7), Cut(0, 1, 1)}


def test_a_chain_of_twenty_thousand_is_followed() -> None:
    numbers = np.arange(20_000, dtype=np.int64)
    assert len(cuts(20_001, numbers, numbers + 1)) > 30_000


def sizes_without(pairs: set[tuple[int, int]], records: set[int], home: int, gone: int | None) -> list[int]:
    """The sizes of the parts of the component of `home`, without a record."""
    left, right = (np.array([pair[side] for pair in sorted(pairs)], dtype=np.int64) for side in (0, 1))
    labels = components(RECORDS, left, right)
    counts = np.unique([labels[n] for n in records if n != gone], return_counts=True)[1]
    return sorted(counts.tolist(), reverse=True)


@given(graphs)
@settings(max_examples=150, deadline=None)
def test_it_finds_what_trying_each_removal_finds(pairs: set[tuple[int, int]]) -> None:
    left, right = (np.array([pair[side] for pair in sorted(pairs)], dtype=np.int64) for side in (0, 1))
    labels = components(RECORDS, left, right)
    expected = set()
    for record in range(RECORDS):
        members = {n for n in range(RECORDS) if labels[n] == labels[record]}
        parts = sizes_without({p for p in pairs if record not in p}, members, record, record)
        if len(parts) > 1 and parts[1] >= 2:
            expected.add(Cut(record, None, sum(parts[1:])))
        for pair in pairs:
            if pair[0] == record:
                parts = sizes_without(pairs - {pair}, members, record, None)
                if len(parts) > 1 and parts[1] >= 2:
                    expected.add(Cut(*pair, parts[1]))
    assert found(RECORDS, pairs) == expected
