"""Bucket by bucket, an assignment finds what it finds on all records at once."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given as given_that
from hypothesis import settings
from hypothesis import strategies as st

from cdp_cli.identity.bands import DEFAULT
from cdp_cli.identity.clustering import partitioned_assignment
from cdp_cli.identity.clustering.assignments import SCHEMA, Outcome, assign
from cdp_cli.identity.clustering.components import make_components
from cdp_cli.identity.clustering.ids import mint
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from tests.python.identity.people import day, decisions, given, present, scored

# The last two have ids that look like what an id is minted from the second time.
RECORDS = [*(f"r{number}" for number in range(6)), "r0#1", "r1#1"]

couples = st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda pair: pair[0] < pair[1])
evidence = st.tuples(
    st.sampled_from([0.05, 0.2, 0.5, 0.8, 0.86, 0.999]),
    st.sampled_from([None, None, None, "different_first_names", "different_national_id"]),
)
steps = st.lists(
    st.tuples(
        st.sets(st.sampled_from(RECORDS)),
        st.dictionaries(couples, evidence, max_size=10),
        st.dictionaries(couples, st.sampled_from(["same", "different", "unsure", "undone"]), max_size=2),
        # Whether the step scores anew, or only some records go or come.
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def by_record(rows: pa.Table) -> pa.Table:
    return rows.sort_by("record_id")


def in_buckets(reading: Input, run_id: str, number: int, records: int = 1) -> Outcome:
    engine = InMemory()
    try:
        return partitioned_assignment.assign(engine, reading, run_id, day(number), DEFAULT, records)
    finally:
        engine.close()


@given_that(steps)
@settings(max_examples=15, deadline=None)
def test_buckets_of_single_records_find_what_the_whole_finds(
    history: list[
        tuple[set[str], dict[tuple[str, str], tuple[float, str | None]], dict[tuple[str, str], str], bool]
    ],
) -> None:
    log = SCHEMA.empty_table()
    decided = decisions()
    pairs = scored()
    seen: set[str] = set()
    for number, (records, found, said, scores) in enumerate(history, start=1):
        if scores:
            pairs = pa.concat_tables(
                [
                    scored(),
                    *(
                        scored((one, other, probability), at=day(number), veto=veto)
                        for (one, other), (probability, veto) in found.items()
                        if {one, other} <= records
                    ),
                ]
            )
        decided = pa.concat_tables(
            [decided, decisions(*((one, other, what, day(number)) for (one, other), what in said.items()))]
        )
        reading = given(
            sorted(records),
            pairs,
            log=log,
            changes=dict.fromkeys(sorted(records ^ seen), day(number)),
            decided=decided,
        )
        whole = assign(reading, f"run{number}", day(number))
        parted = in_buckets(reading, f"run{number}", number)
        assert by_record(parted.assignments) == by_record(whole.assignments)
        assert parted.refusals.sort_by("left_record_id") == whole.refusals.sort_by("left_record_id")
        seen = records
        log = pa.concat_tables([log, whole.assignments])


def test_an_id_that_was_issued_is_seen_from_the_bucket_of_another_record() -> None:
    """r0 founds a profile, which goes on without it; founding anew, it must not take the id of r0#1."""
    log = SCHEMA.empty_table()
    whole = [("r0", "r1", 0.999), ("r0", "r2", 0.999), ("r1", "r2", 0.999)]
    records = ["r0", "r0#1", "r1", "r2"]
    for number, found in enumerate((whole, [("r1", "r2", 0.999)]), start=1):
        reading = given(
            records,
            scored(*found, at=day(number)),
            log=log,
            changes=dict.fromkeys(records, day(number)),
        )
        log = pa.concat_tables([log, in_buckets(reading, f"run{number}", number).assignments])
    assert present(log)["r0#1"] == mint("r0#1", [])
    assert present(log)["r0"] == mint("r0#2", [])
    assert present(log)["r1"] == present(log)["r2"] == mint("r0", [])


def test_a_long_chain_is_one_component() -> None:
    engine = InMemory()
    made: list[str] = []
    make = engine.create_table

    def counted(name: str, select: str) -> None:
        made.append(name)
        make(name, select)

    engine.create_table = counted  # type: ignore[method-assign]
    engine.register("chain", pa.table({"a": range(10_000), "b": range(1, 10_001)}))
    make_components(engine, "found", "select hash(a) as a, hash(b) as b from chain union all select 7, 8")
    sizes = engine.arrow("select count(*) as nodes from found group by component order by nodes")
    assert sizes.column("nodes").to_pylist() == [2, 10_001]
    # Two steps a round, and rounds by the logarithm of the length.
    assert len(made) < 40
    engine.close()


def test_no_ties_are_no_components() -> None:
    engine = InMemory()
    make_components(engine, "found", "select 1 as a, 1 as b where false")
    assert engine.arrow("select * from found").num_rows == 0
    engine.close()
