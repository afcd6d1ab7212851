from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.clustering import cluster
from cdp_cli.identity.clustering.graph import Edges, Limit

SURE, WAITING, DROPPED = 0.99, 0.3, 0.05
Row = tuple[int, int, float, str]


def edges(rows: list[Row]) -> Edges:
    def flags(kind: str) -> np.ndarray:
        return np.array([row[3] == kind for row in rows], dtype=np.bool_)

    return Edges(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.float64),
        flags("must_link"),
        flags("cannot_link"),
        flags("soft_cannot_link"),
        flags("was_linked"),
    )


def grouped(
    count: int,
    rows: list[Row],
    limits: list[Limit] | None = None,
    bands: Bands | None = None,
    filled: list[int] | None = None,
) -> list[int]:
    filled = np.array(filled or [1] * count, dtype=np.int64)
    return cluster(count, edges(rows), filled, limits or [], bands or Bands())[0].tolist()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[Row]]:
    count = draw(st.integers(2, 9))
    possible = [(left, right) for left in range(count) for right in range(left + 1, count)]
    chosen = draw(st.lists(st.sampled_from(possible), unique=True, max_size=len(possible)))
    probabilities = st.sampled_from([0.05, 0.2, 0.4, 0.45, 0.51, 0.9, 0.99])
    kinds = st.sampled_from(["", "", "", "", "cannot_link", "soft_cannot_link", "must_link", "was_linked"])
    return count, [(left, right, draw(probabilities), draw(kinds)) for left, right in chosen]


@given(graphs(), st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_of_pairs_does_not_matter(graph: tuple[int, list[Row]], random: object) -> None:
    count, rows = graph
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert grouped(count, rows) == grouped(count, shuffled)


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_a_firm_veto_is_never_broken_but_by_a_human_same(graph: tuple[int, list[Row]]) -> None:
    count, rows = graph
    labels = grouped(count, rows)
    if not any(row[3] == "must_link" for row in rows):
        assert all(labels[left] != labels[right] for left, right, _, kind in rows if kind == "cannot_link")


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_a_human_same_always_holds(graph: tuple[int, list[Row]]) -> None:
    count, rows = graph
    labels = grouped(count, rows)
    assert all(labels[left] == labels[right] for left, right, _, kind in rows if kind == "must_link")


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_a_group_is_named_by_its_smallest_record(graph: tuple[int, list[Row]]) -> None:
    count, rows = graph
    labels = grouped(count, rows)
    assert all(labels[label] == label <= record for record, label in enumerate(labels))


def test_a_sure_pair_joins_and_a_waiting_one_does_not() -> None:
    assert grouped(4, [(0, 1, SURE, ""), (2, 3, WAITING, "")]) == [0, 0, 2, 3]


def test_waiting_pairs_join_nobody_however_many_they_are() -> None:
    group = [(0, 1, SURE, ""), (0, 2, SURE, ""), (1, 2, SURE, "")]
    assert grouped(4, [*group, *((record, 3, 0.45, "") for record in range(3))]) == [0, 0, 0, 3]


def test_a_record_like_two_people_joins_neither_unless_one_stands_out() -> None:
    people = [(0, 1, SURE, ""), (2, 3, SURE, "")]
    alike = [(0, 4, 0.9, ""), (1, 4, 0.9, ""), (2, 4, 0.88, ""), (3, 4, 0.88, "")]
    assert grouped(5, [*people, *alike], bands=Bands(min_exclusive_share=0.6)) == [0, 0, 2, 2, 4]
    standing_out = [(0, 4, 0.97, ""), (1, 4, 0.97, ""), (2, 4, 0.6, ""), (3, 4, 0.6, "")]
    assert grouped(5, [*people, *standing_out], bands=Bands(min_exclusive_share=0.6)) == [0, 0, 2, 2, 0]


def test_groups_that_may_be_one_person_are_no_rivals() -> None:
    rows = [(0, 1, 0.9, ""), (1, 2, 0.89, ""), (0, 2, 0.4, "")]
    assert grouped(3, rows, bands=Bands(min_exclusive_share=0.85)) == [0, 0, 0]
    assert grouped(3, rows, bands=Bands(min_exclusive_share=0.85, max_rival_probability=0.45)) == [0, 1, 2]


def test_groups_with_nothing_to_compare_are_no_rivals() -> None:
    rows = [(0, 1, 0.98, ""), (1, 2, 0.97, "")]
    number, both, name = 1, 3, 2
    assert grouped(3, rows, bands=Bands(min_exclusive_share=0.6), filled=[both, both, both]) == [0, 1, 2]
    assert grouped(3, rows, bands=Bands(min_exclusive_share=0.6), filled=[number, both, name]) == [0, 0, 0]


def test_a_chain_of_single_links_breaks() -> None:
    chain = [(record, record + 1, SURE, "") for record in range(29)]
    assert len(set(grouped(30, chain))) > 3


def test_a_vetoed_pair_splits_a_component_at_its_weakest_link() -> None:
    rows = [(0, 1, 0.999, ""), (1, 2, 0.9, ""), (2, 3, 0.998, ""), (0, 3, 0.9, "cannot_link")]
    assert grouped(4, rows) == [0, 0, 2, 2]


def test_a_doubt_is_outvoted_by_many_that_agree() -> None:
    rows = [(left, right, SURE, "") for left in range(6) for right in range(left + 1, 6)]
    rows[rows.index((0, 5, SURE, ""))] = (0, 5, SURE, "soft_cannot_link")
    assert grouped(6, rows) == [0] * 6


def test_a_doubt_alone_keeps_two_records_apart() -> None:
    assert grouped(2, [(0, 1, SURE, "soft_cannot_link")]) == [0, 1]


def test_a_pair_that_was_joined_stays_down_to_the_margin() -> None:
    assert grouped(2, [(0, 1, 0.45, "was_linked")]) == [0, 0]
    assert grouped(2, [(0, 1, 0.45, "")]) == [0, 1]
    assert grouped(2, [(0, 1, 0.35, "was_linked")]) == [0, 1]


def test_a_limit_of_values_refuses_the_join_that_breaks_it() -> None:
    limit = Limit(np.array([0, 1, 2], dtype=np.int64), 2)
    rows = [(0, 1, 0.999, ""), (1, 2, 0.99, ""), (0, 2, 0.3, "")]
    assert grouped(3, rows, [limit]) == [0, 0, 2]


def test_records_with_nothing_to_compare_do_not_count_against_a_join() -> None:
    """A visitor hangs on one account by its id; that the person's other records lack it says nothing."""
    person = [(left, right, SURE, "") for left in range(6) for right in range(left + 1, 6)]
    filled = np.array([1] * 6 + [0], dtype=np.int64)
    labels, _ = cluster(7, edges([*person, (0, 6, SURE, "")]), filled, [], Bands())
    assert set(labels.tolist()) == {0}


@pytest.mark.parametrize("count", [0, 1])
def test_no_pairs_are_no_trouble(count: int) -> None:
    assert grouped(count, []) == list(range(count))
