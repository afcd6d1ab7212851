"""The laws of ids over random histories: what joins, splits and goes, run after run."""

from __future__ import annotations

import dataclasses

import pyarrow as pa
from hypothesis import given as given_that
from hypothesis import settings
from hypothesis import strategies as st

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.assignments import SCHEMA, assign
from tests.python.identity.people import day, decisions, given, groups, present, scored

RECORDS = [f"r{number}" for number in range(7)]
# Without a margin what was has no weight, so that one run over all has to find the same groups.
NO_MARGIN = dataclasses.replace(Bands(), hysteresis=0.0)

pair_sets = st.dictionaries(
    st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda pair: pair[0] < pair[1]),
    st.sampled_from([0.2, 0.5, 0.86, 0.95, 0.999]),
    max_size=10,
)
steps = st.lists(st.tuples(st.sets(st.sampled_from(RECORDS)), pair_sets), min_size=1, max_size=5)


def play(
    history: list[tuple[set[str], dict[tuple[str, str], float]]], bands: Bands = NO_MARGIN
) -> list[pa.Table]:
    """The log after each step; all records of a step count as changed by it."""
    logs = [SCHEMA.empty_table()]
    for number, (records, probabilities) in enumerate(history, start=1):
        found = scored(
            *((one, other, p) for (one, other), p in probabilities.items() if {one, other} <= records),
            at=day(number),
        )
        reading = given(
            sorted(records), found, log=logs[-1], changes=dict.fromkeys(sorted(records), day(number))
        )
        logs.append(
            pa.concat_tables([logs[-1], assign(reading, f"run{number}", day(number), bands).assignments])
        )
    return logs[1:]


@given_that(steps)
@settings(max_examples=25, deadline=None)
def test_every_record_has_a_profile_and_no_other_has(
    history: list[tuple[set[str], dict[tuple[str, str], float]]],
) -> None:
    for (records, _), log in zip(history, play(history), strict=True):
        assert set(present(log)) == records


@given_that(steps)
@settings(max_examples=25, deadline=None)
def test_run_by_run_finds_the_groups_of_one_run_over_all(
    history: list[tuple[set[str], dict[tuple[str, str], float]]],
) -> None:
    full = play(history[-1:])[0]
    assert groups(present(play(history)[-1])) == groups(present(full))


@given_that(steps)
@settings(max_examples=25, deadline=None)
def test_an_id_that_went_never_comes_back(
    history: list[tuple[set[str], dict[tuple[str, str], float]]],
) -> None:
    gone: set[str] = set()
    before: set[str] = set()
    for log in play(history):
        now = set(present(log).values())
        assert not now & gone
        gone |= before - now
        before = now


@given_that(steps)
@settings(max_examples=15, deadline=None)
def test_a_run_with_nothing_new_changes_nothing(
    history: list[tuple[set[str], dict[tuple[str, str], float]]],
) -> None:
    log = play(history)[-1]
    records, probabilities = history[-1]
    found = scored(
        *((one, other, p) for (one, other), p in probabilities.items() if {one, other} <= records),
        at=day(len(history)),
    )
    again = assign(given(sorted(records), found, log=log), "again", day(99), NO_MARGIN).assignments
    assert again.num_rows == 0


def test_a_group_that_grows_keeps_its_id() -> None:
    first, second = play(
        [
            ({"r0", "r1"}, {("r0", "r1"): 0.999}),
            ({"r0", "r1", "r2"}, {("r0", "r1"): 0.999, ("r0", "r2"): 0.999, ("r1", "r2"): 0.999}),
        ]
    )
    assert present(second) == {**present(first), "r2": present(first)["r0"]}


def test_a_record_split_off_gets_a_new_id_and_the_rest_keeps_theirs() -> None:
    whole = {("r0", "r1"): 0.999, ("r0", "r2"): 0.999, ("r1", "r2"): 0.999}
    first, second, third = play(
        [
            ({"r0", "r1", "r2"}, whole),
            ({"r0", "r1", "r2"}, {("r1", "r2"): 0.999}),
            ({"r0", "r1", "r2"}, whole),
        ]
    )
    assert present(second)["r1"] == present(second)["r2"] == present(first)["r0"]
    assert present(second)["r0"] not in set(present(first).values())
    assert set(present(third).values()) == {present(first)["r0"]}


def test_a_record_that_goes_is_assigned_to_no_profile() -> None:
    log = play([({"r0", "r1"}, {("r0", "r1"): 0.999}), ({"r1"}, {})])[-1]
    last = log.to_pylist()[-1]
    assert (last["record_id"], last["profile_id"], last["reason"]) == ("r0", None, "removed")


def test_a_decision_joins_what_no_pair_does_and_parts_what_is_sure() -> None:
    reading = given(
        ["a", "b", "c"],
        scored(("b", "c", 0.9999)),
        decided=decisions(("a", "b", "same", day(1)), ("b", "c", "different", day(1))),
    )
    assert groups(present(assign(reading, "run", day(2)).assignments)) == {frozenset("ab"), frozenset("c")}


def test_the_latest_decision_of_a_pair_holds() -> None:
    both = decisions(("a", "b", "same", day(1)), ("a", "b", "undone", day(2)))
    assert groups(present(assign(given(["a", "b"], scored(), decided=both), "run", day(3)).assignments)) == {
        frozenset("a"),
        frozenset("b"),
    }


def test_a_human_same_beats_a_veto() -> None:
    reading = given(
        ["a", "b"],
        scored(("a", "b", 0.1), veto="different_national_id"),
        decided=decisions(("a", "b", "same", day(1))),
    )
    assert groups(present(assign(reading, "run", day(2)).assignments)) == {frozenset("ab")}


def test_a_veto_beats_any_score() -> None:
    reading = given(["a", "b"], scored(("a", "b", 0.999999), veto="one_record_per_person"))
    assert groups(present(assign(reading, "run", day(2)).assignments)) == {frozenset("a"), frozenset("b")}


def test_a_decision_on_a_record_that_is_gone_is_no_trouble() -> None:
    reading = given(["a"], scored(), decided=decisions(("a", "gone", "same", day(1))))
    assert set(present(assign(reading, "run", day(2)).assignments)) == {"a"}


def test_a_pair_that_a_new_model_finds_no_more_holds_nobody() -> None:
    records = ["r0", "r1", "r2", "r3"]
    log = play([(set(records), {("r0", "r1"): 0.999})])[0]
    # The model scored all pairs anew, and dropped the pair that held r0 and r1.
    rescored = given(records, scored(("r2", "r3", 0.2), at=day(2)), log=log)
    after = pa.concat_tables([log, assign(rescored, "run2", day(2), NO_MARGIN).assignments])
    assert groups(present(after)) == {frozenset({record}) for record in records}
