"""What an audit of the profiles finds, on small logs."""

from __future__ import annotations

import pyarrow as pa

from cdp_cli.identity.clustering.decisions import SCHEMA as DECISIONS
from cdp_cli.stewardship.audit import Audit, Bridge, Conflict, Merge, audit
from tests.python.identity.clustering.test_change_guard import assigned
from tests.python.identity.people import day, decisions, scored

NO_IDENTIFIERS = pa.table(
    {
        name: pa.array([], pa.string())
        for name in ("record_id", "source", "identifier_type", "identifier_value", "identifier_class")
    }
)
TRIANGLES = ("ab", "ac", "bc", "de", "df", "ef")
ALL_SURE = [(one, other, 0.99) for one, other in TRIANGLES]


def one_profile(records: str = "abcdef") -> pa.Table:
    return assigned([(record, "p_1", "minted") for record in records], 1)


TYPES = pa.table(
    {
        "identifier_type": ["user_id", "loyalty_id", "national_id", "email"],
        "one_per_person": ["source", "source", "all", None],
    }
)


def looked_at(
    log: pa.Table,
    pairs: pa.Table | None = None,
    identifiers: pa.Table = NO_IDENTIFIERS,
    decided: pa.Table | None = None,
    limit: int = 10,
) -> Audit:
    return audit(
        log,
        scored() if pairs is None else pairs,
        identifiers,
        DECISIONS.empty_table() if decided is None else decided,
        TYPES,
        limit,
    )


def test_sizes_are_counted_now_and_before_the_last_run() -> None:
    before = assigned([("a", "p_1", "minted"), ("b", "p_2", "minted"), ("c", "p_3", "minted")], 1)
    after = assigned([("b", "p_1", "moved"), ("d", "p_4", "minted")], 2)
    found = looked_at(pa.concat_tables([before, after]))
    sizes = {row.records: (row.profiles, row.profiles_before) for row in found.sizes if row.profiles}
    assert sizes == {"1": (2, 3), "2": (1, 0)}
    assert (found.profiles, found.profiles_before, found.largest, found.largest_before) == (3, 3, 2, 1)
    assert found.last_run_at == day(2)


def test_the_largest_merges_come_first_and_a_split_is_none() -> None:
    before = assigned(
        [("a", "p_1", "minted"), ("b", "p_1", "minted"), ("c", "p_2", "minted"), ("d", "p_2", "minted"),
         ("e", "p_3", "minted"), ("f", "p_4", "minted"), ("g", "p_4", "minted")], 1,
    )  # fmt: skip
    after = assigned(
        [("e", "p_1", "moved"), ("c", "p_1", "moved"), ("d", "p_1", "moved"), ("g", "p_5", "split")], 2
    )
    found = looked_at(pa.concat_tables([before, after]))
    assert found.merges == (
        Merge("p_2", "p_1", 2, 5, None, None),
        Merge("p_3", "p_1", 1, 5, None, None),
    )
    assert looked_at(pa.concat_tables([before, after]), limit=1).count_merges == 2


def test_a_pair_that_alone_holds_two_halves_is_a_bridge_and_the_weakest_link() -> None:
    found = looked_at(one_profile(), scored(*ALL_SURE, ("c", "d", 0.86)))
    assert found.bridges == (
        Bridge("p_1", 6, "c", "d", 3),
        Bridge("p_1", 6, "c", None, 2),
        Bridge("p_1", 6, "d", None, 2),
    )
    (weakest,) = found.weakest
    assert (weakest.left_record_id, weakest.right_record_id, weakest.probability) == ("c", "d", 0.86)
    assert found.unconnected == 0


def test_a_decision_is_a_sure_link() -> None:
    found = looked_at(one_profile(), scored(*ALL_SURE), decided=decisions(("c", "d", "same", day(1))))
    assert found.bridges[0] == Bridge("p_1", 6, "c", "d", 3)
    assert found.unconnected == 0


def test_a_profile_whose_links_are_gone_is_counted() -> None:
    assert looked_at(one_profile(), scored(*ALL_SURE)).unconnected == 1
    assert looked_at(one_profile(), scored(*ALL_SURE, ("c", "d", 0.99), veto=None)).unconnected == 0


def test_two_citizen_numbers_and_two_accounts_of_one_source_conflict() -> None:
    rows = [
        ("a", "crm", "national_id", "1", "personal"),
        ("b", "shop", "national_id", "2", "personal"),
        ("a", "crm", "user_id", "7", "personal"),
        ("b", "shop", "user_id", "8", "personal"),
        ("c", "shop", "user_id", "9", "personal"),
        ("a", "crm", "email", "x@example.com", "personal"),
        ("b", "crm", "email", "y@example.com", "personal"),
        ("c", "shop", "national_id", "3", "junk"),
    ]
    identifiers = pa.Table.from_pylist(
        [dict(zip(NO_IDENTIFIERS.column_names, row, strict=True)) for row in rows]
    )
    found = looked_at(one_profile("abc"), identifiers=identifiers)
    assert found.conflicts == (
        Conflict("p_1", "national_id", None, 2, ["a", "b"]),
        Conflict("p_1", "user_id", "shop", 2, ["b", "c"]),
    )


def test_an_empty_log_is_no_trouble() -> None:
    found = looked_at(assigned([], 1))
    assert (found.records, found.profiles, found.largest, found.last_run_at) == (0, 0, 0, None)
