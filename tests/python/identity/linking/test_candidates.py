"""Who is compared: all that have a key in common, up to the cap of its rule, and nobody else."""

from __future__ import annotations

from itertools import combinations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_cli.errors import FixConfiguration
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.linking.candidates import lower_caps, make_blocks, make_candidates
from cdp_cli.identity.linking.features import number_records

CAPS = {"city": 3, "name": 5, "nothing": 0}
# For each record its keys by rule.
Records = list[tuple[str | None, str | None, str | None]]
RECORDS = st.lists(st.tuples(*[st.sampled_from([None, "a", "b", "c"])] * 3), min_size=1, max_size=14)


def keys_of(records: Records) -> pa.Table:
    columns = {"record_id": pa.array([f"r{n:02}" for n in range(len(records))])}
    for position, rule in enumerate(CAPS):
        columns[rule] = pa.array([record[position] for record in records], pa.string())
    return pa.table(columns)


def compared(
    records: Records, changed: set[int] | None = None, learnt: dict[str, int] | None = None
) -> list[tuple[int, int]]:
    keys = keys_of(records)
    rules = pa.table({"blocking_rule": list(CAPS), "max_records": list(CAPS.values())})
    engine = InMemory()
    try:
        number_records(engine, keys)
        if changed is not None:
            engine.register("changed", pa.table({"n": pa.array(sorted(changed), pa.int32())}))
        names = make_blocks(engine, keys, rules, changed_only=changed is not None)
        lower_caps(engine, names, learnt or {})
        make_candidates(engine, changed_only=changed is not None)
        rows = engine.arrow("select join_key_l as l, join_key_r as r from candidates order by 1, 2")
        return [(row["l"], row["r"]) for row in rows.to_pylist()]
    finally:
        engine.close()


def expected(records: Records, caps: dict[str, int]) -> list[tuple[int, int]]:
    found = set()
    for position, most in enumerate(caps.values()):
        for key in "abc":
            block = [n for n, record in enumerate(records) if record[position] == key]
            if len(block) <= most:
                found |= set(combinations(block, 2))
    return sorted(found)


@settings(max_examples=40, deadline=None)
@given(RECORDS)
def test_those_are_compared_that_share_a_key_up_to_its_cap_each_pair_once(records: Records) -> None:
    assert compared(records) == expected(records, CAPS)


@settings(max_examples=40, deadline=None)
@given(RECORDS, st.sets(st.integers(0, 13)))
def test_of_records_that_changed_all_pairs_are_compared_and_no_others(
    records: Records, drawn: set[int]
) -> None:
    changed = {n for n in drawn if n < len(records)}
    whole = expected(records, CAPS)
    assert compared(records, changed) == [pair for pair in whole if changed & set(pair)]


@settings(max_examples=20, deadline=None)
@given(RECORDS)
def test_a_lower_cap_that_was_learnt_holds(records: Records) -> None:
    assert compared(records, learnt={"name": 2}) == expected(records, {**CAPS, "name": 2})


def test_a_rule_without_a_cap_is_named() -> None:
    keys = keys_of([("a", "b", None)]).append_column("street", pa.array(["x"]))
    rules = pa.table({"blocking_rule": list(CAPS), "max_records": list(CAPS.values())})
    engine = InMemory()
    number_records(engine, keys)
    with pytest.raises(FixConfiguration, match="no max_records for street"):
        make_blocks(engine, keys, rules)
    engine.close()


def test_without_any_rule_nobody_is_compared() -> None:
    engine = InMemory()
    keys = keys_of([("a", "b", "c"), ("a", "b", "c")])
    number_records(engine, keys)
    rules = pa.table({"blocking_rule": list(CAPS), "max_records": [0, 0, 0]})
    make_blocks(engine, keys, rules)
    make_candidates(engine)
    assert engine.arrow("select * from candidates").num_rows == 0
    engine.close()
