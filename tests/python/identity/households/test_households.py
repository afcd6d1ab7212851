"""Households: who is together, and ids that last through moves, merges, rebuilds and any order of rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from cdp_cli.identity.clustering import ids
from cdp_cli.identity.households import assignments
from cdp_cli.identity.households.groups import household_groups
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.warehouse.engines import engine_of
from tests.python.identity.people import day

Homes = Mapping[str, str]


class Town:
    """Households over runs: who lives where now is given, the log is kept."""

    def __init__(self, max_people: int = 10) -> None:
        self.max_people = max_people
        self.log = assignments.SCHEMA.empty_table()
        self.runs = 0

    def build(
        self, homes: Homes, aliases: Mapping[str, str] | None = None, reverse: bool = False
    ) -> dict[str, str]:
        """Each person's household after a run in which people with one letter live together."""
        people = sorted(homes, reverse=reverse)
        first = {homes[person]: person for person in reversed(people)}
        ties = [(first[homes[person]], person) for person in people if first[homes[person]] != person]
        living = grouped(people, ties, self.max_people)
        self.runs += 1
        rows = assignments.new_assignments(
            Stored(self.log), living, alias_table(aliases or {}), run_table(self.runs), "the_log"
        )
        self.log = pa.concat_tables([self.log, rows])
        return self.now()

    def now(self) -> dict[str, str]:
        latest: dict[str, str | None] = {}
        for row in self.log.to_pylist():
            latest[row["profile_id"]] = row["household_id"]
        return {person: home for person, home in latest.items() if home is not None}

    def reasons(self) -> dict[str, str]:
        """Reasons of the last run by person."""
        return {
            row["profile_id"]: row["reason"]
            for row in self.log.to_pylist()
            if row["run_id"] == f"run {self.runs}"
        }


class Stored(InMemory):
    """An engine with a log in its warehouse."""

    def __init__(self, log: pa.Table) -> None:
        super().__init__()
        self.log = log

    def table(self, name: str) -> Any:
        return self.log


def grouped(homes: Iterable[str], ties: Sequence[tuple[str, str]], max_people: int = 10) -> pa.Table:
    tie_table = pa.table(
        {
            "left_profile_id": pa.array([min(pair) for pair in ties], pa.string()),
            "right_profile_id": pa.array([max(pair) for pair in ties], pa.string()),
        }
    )
    names = list(homes)
    home_table = pa.table(
        {
            "profile_id": pa.array([*names, "guest"], pa.string()),
            "street": pa.array(["1 elm road" for _ in names] + [None], pa.string()),
        }
    )
    return household_groups(InMemory(), home_table, tie_table, max_people)


def alias_table(aliases: Mapping[str, str]) -> pa.Table:
    return pa.table(
        {
            "retired_profile_id": pa.array(list(aliases), pa.string()),
            "profile_id": pa.array(list(aliases.values()), pa.string()),
        }
    )


def run_table(number: int) -> pa.Table:
    return pa.table({"run_id": [f"run {number}"], "started_at": pa.array([day(number)], pa.timestamp("us"))})


def group_of(rows: pa.Table) -> dict[str, str]:
    return {row["profile_id"]: row["group_id"] for row in rows.to_pylist()}


def test_ties_lead_on_and_who_is_tied_to_nobody_lives_alone() -> None:
    rows = grouped("abcde", [("a", "b"), ("c", "b")])
    assert group_of(rows) == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "e"}


def test_a_guest_without_a_home_lives_with_who_has_one() -> None:
    assert group_of(grouped("ab", [("b", "guest")])) == {"a": "a", "b": "b", "guest": "b"}


def test_a_crowd_falls_apart_and_its_guests_live_nowhere() -> None:
    rows = grouped("abcx", [("a", "b"), ("a", "c"), ("c", "guest")], max_people=3)
    assert group_of(rows) == {"a": "a", "b": "b", "c": "c", "x": "x"}
    assert {row["profile_id"]: row["crowd_id"] for row in rows.to_pylist()} == {
        "a": "a", "b": "a", "c": "a", "x": None,
    }  # fmt: skip


def test_nobody_lives_nowhere() -> None:
    assert grouped("", []).num_rows == 0
    town = Town()
    assert town.build({}) == {}
    assert town.build({"a": "x"}).keys() == {"a"}


def test_who_joins_and_who_leaves_changes_no_id_of_who_stays() -> None:
    town = Town()
    first = town.build({"b": "home", "c": "home", "z": "other"})
    assert first["b"] == first["c"] != first["z"]

    # The newcomer has the smallest id, of which an id would be minted.
    joined = town.build({"a": "home", "b": "home", "c": "home", "z": "other"})
    assert joined == {**first, "a": first["b"]}
    assert town.reasons() == {"a": "joined"}

    left = town.build({"a": "home", "c": "home", "z": "other"})
    assert left == {"a": first["b"], "c": first["b"], "z": first["z"]}
    assert town.reasons() == {"b": "left"}


def test_who_moves_out_gets_a_household_of_their_own_and_most_keep_the_old_one() -> None:
    town = Town()
    first = town.build(dict.fromkeys("abc", "home"))
    moved = town.build({"a": "flat", "b": "home", "c": "home"})
    assert moved["b"] == moved["c"] == first["a"] != moved["a"]
    assert town.reasons() == {"a": "split"}

    # And moves in with somebody else: the household of the two who lived there goes on.
    town.build({"a": "flat", "b": "home", "c": "home", "d": "loft", "e": "loft"})
    together = town.build({"a": "loft", "b": "home", "c": "home", "d": "loft", "e": "loft"})
    assert together["a"] == together["d"] != moved["a"]
    assert town.reasons() == {"a": "moved"}


def test_a_household_that_moves_as_a_whole_is_the_same() -> None:
    town = Town()
    first = town.build({"a": "home", "b": "home", "c": "other"})
    assert town.build({"a": "new", "b": "new", "c": "other"}) == first
    assert town.reasons() == {}


def test_two_halves_of_equal_size_keep_the_oldest_id() -> None:
    town = Town()
    old = town.build({"x": "old"})["x"]
    town.build({"x": "old", "a": "young"})
    both = town.build({"x": "one", "a": "one"})
    assert set(both.values()) == {old}


def test_a_merge_of_profiles_does_not_break_a_household() -> None:
    town = Town()
    first = town.build({"a": "home", "b": "home", "x": "other"})
    # b turns out to be x, who is known at b's address from now on.
    merged = town.build({"a": "home", "x": "home"}, {"b": "x"})
    assert merged == {"a": first["a"], "x": first["a"]}
    assert town.reasons() == {"b": "merged", "x": "moved"}

    # The only one of a household goes on under another profile id.
    town = Town()
    alone = town.build({"a": "home"})
    assert town.build({"n": "home"}, {"a": "n"}) == {"n": alone["a"]}


def test_an_id_that_was_given_up_is_never_issued_again() -> None:
    town = Town()
    seen = set(town.build({"a": "home", "b": "home"}).values())
    for _ in range(3):
        assert town.build({}) == {}
        again = town.build({"a": "home", "b": "home"})
        assert len(set(again.values())) == 1
        assert not set(again.values()) & seen
        seen |= set(again.values())


def test_a_crowd_that_was_a_household_comes_back_under_its_id() -> None:
    town = Town(max_people=2)
    first = town.build(dict.fromkeys("ab", "home"))
    apart = town.build(dict.fromkeys("abc", "home"))
    assert len(set(apart.values())) == 3
    assert set(town.build(dict.fromkeys("ab", "home")).values()) == set(first.values())


def test_a_run_with_nothing_new_logs_nothing() -> None:
    town = Town()
    town.build({"a": "x", "b": "x", "c": "y"})
    count = town.log.num_rows
    town.build({"a": "x", "b": "x", "c": "y"})
    assert town.log.num_rows == count


def test_a_part_of_a_build_comes_after_the_run_that_it_repeats() -> None:
    town = Town()
    first = town.build({"a": "home", "b": "home"})
    town.runs -= 1
    again = town.build({"a": "home", "b": "flat"})
    assert again["a"] == first["a"] != again["b"]
    moments = town.log.column("assigned_at").to_pylist()
    assert moments[-1] > moments[0]


@pytest.mark.spark
def test_both_engines_log_the_same(spark: Any) -> None:
    homes = {f"p{number:03}": f"home {number // 4}" for number in range(60)}
    town = Town(max_people=3)
    town.build(homes)
    before = town.log
    first = {home: min(person for person in homes if homes[person] == home) for home in homes.values()}
    ties = [(first[home], person) for person, home in homes.items() if person not in ("p001", first[home])]
    living = grouped([*homes, "p900"], ties, max_people=10)
    aliases = alias_table({"p003": "p900"})
    here = assignments.new_assignments(Stored(before), living, aliases, run_table(2), "the_log")
    spark.createDataFrame(before).createOrReplaceTempView("stored_households")
    there = assignments.new_assignments(
        engine_of(spark),
        spark.createDataFrame(living),
        spark.createDataFrame(aliases),
        spark.createDataFrame(run_table(2)),
        "stored_households",
    ).toArrow()
    assert here.num_rows > 20
    assert there.sort_by("profile_id").to_pylist() == here.sort_by("profile_id").to_pylist()


def test_the_order_of_rows_changes_no_byte() -> None:
    homes = {person: "home" if position % 3 else "other" for position, person in enumerate("abcdefgh")}
    one, other = Town(), Town()
    one.build(homes)
    other.build(homes, reverse=True)
    moved = {**homes, "a": "home", "h": "third"}
    one.build(moved)
    other.build(moved, reverse=True)
    assert one.log.equals(other.log)


PEOPLE = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("wxyz"), max_size=8)


@settings(max_examples=25, deadline=None)
@drawn(st.lists(PEOPLE, min_size=1, max_size=5))
def test_over_any_history_ids_follow_people_and_never_return(history: list[Homes]) -> None:
    town = Town()
    before: dict[str, str] = {}
    issued: set[str] = set()
    for homes in history:
        now = town.build(homes)
        assert now.keys() == homes.keys()
        for one, other in itertools.combinations(homes, 2):
            assert (now[one] == now[other]) == (homes[one] == homes[other])
        assert now == carried(homes, before, now, town)
        assert not (set(now.values()) - set(before.values())) & issued
        issued |= set(now.values())
        before = now


def carried(homes: Homes, before: dict[str, str], now: dict[str, str], town: Town) -> dict[str, str]:
    """The same by `ids.carry`, which names profiles; where nothing is carried, what is there now."""
    people = sorted(homes)
    firsts = {home: min(person for person in people if homes[person] == home) for home in homes.values()}
    places = sorted(firsts, key=lambda home: firsts[home])
    minted: dict[str, tuple[Any, str]] = {}
    for row in town.log.to_pylist():
        if row["household_id"] is not None:
            minted.setdefault(row["household_id"], (row["assigned_at"], row["household_id"]))
    earlier = sorted(set(before.values()), key=lambda household: minted[household])
    numbers = ids.carry(
        np.array([places.index(homes[person]) for person in people], dtype=np.int64),
        np.array(
            [earlier.index(before[person]) if person in before else -1 for person in people], dtype=np.int64
        ),
    )
    return {
        person: earlier[numbers[place]] if (place := places.index(homes[person])) in numbers else now[person]
        for person in people
    }
