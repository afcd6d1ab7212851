"""What a build may change by itself: few profiles, or what people decided; else it stops."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from cdp_cli.errors import ConfirmFirst, FixConfiguration
from cdp_cli.identity.clustering.assignments import SCHEMA
from cdp_cli.identity.clustering.change_guard import (
    Change,
    ChangedProfile,
    ChangeGuard,
    check,
    configured,
    measure,
)
from cdp_cli.identity.engine import Engine
from cdp_cli.identity.in_memory_engine import InMemory
from tests.python.identity.people import day, decisions

Row = tuple[str, str | None, str]

# a and b are one profile, c and d another, e to g are alone.
BEFORE: list[Row] = [
    ("a", "p_1", "minted"), ("b", "p_1", "minted"), ("c", "p_2", "minted"), ("d", "p_2", "minted"),
    ("e", "p_3", "minted"), ("f", "p_4", "minted"), ("g", "p_5", "minted"),
]  # fmt: skip
# p_2 goes into p_1, p_4 is gone with its record, and p_3 lives on with another record.
AFTER: list[Row] = [
    ("c", "p_1", "moved"), ("d", "p_1", "moved"), ("f", None, "removed"), ("e", "p_6", "split"),
    ("h", "p_3", "joined"),
]  # fmt: skip


def assigned(rows: Sequence[Row], number: int) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"record_id": record, "profile_id": profile, "assigned_at": day(number), "reason": reason}
            for record, profile, reason in rows
        ],
        schema=SCHEMA,
    )


def measured(engine: Engine, decided: pa.Table) -> Change:
    try:
        relations = [
            engine.to_relation(table) for table in (assigned(AFTER, 2), assigned(BEFORE, 1), decided)
        ]
        return measure(engine, *relations)
    finally:
        engine.close()


EXPECTED = Change(
    before=5,
    merged=1,
    split=1,
    largest=(ChangedProfile("p_2", "merged", 2, "p_1"), ChangedProfile("p_3", "split", 1, "p_6")),
)


def test_merges_and_splits_are_counted_and_records_that_are_gone_are_neither() -> None:
    assert measured(InMemory(), decisions()) == EXPECTED


@pytest.mark.spark
def test_the_other_engine_counts_the_same(spark: Any) -> None:
    from cdp_cli.warehouse.spark.engine import SparkEngine

    assert measured(SparkEngine(spark), decisions()) == EXPECTED
    assert measured(SparkEngine(spark), decisions(("a", "c", "same", day(2)))).merged == 0


def test_what_a_person_decided_since_does_not_count() -> None:
    assert measured(InMemory(), decisions(("a", "c", "same", day(2)))).merged == 0
    # That one was acted on by an earlier run.
    assert measured(InMemory(), decisions(("a", "c", "same", day(1)))).merged == 1


def test_a_tripped_guard_names_counts_profiles_and_the_way_on() -> None:
    engine = InMemory()
    tables = assigned(AFTER, 2), assigned(BEFORE, 1), decisions()
    guard = ChangeGuard(share=0.3, least=2)
    with pytest.raises(ConfirmFirst) as raised:
        check(engine, guard, *tables)
    assert str(raised.value).startswith(
        "This build would merge 1 and split 1 of 5 profiles (40.0%; identity_change_guard is 30.0%), the "
        "largest: p_2 (2 records) into p_1, p_3 (1 record) partly into p_6; nothing was published. "
        "If that is meant, run `cdp run --accept-identity-change`"
    )
    for allowed in ({"share": 0.4}, {"least": 3}, {"accepted": True}):
        check(engine, dataclasses.replace(guard, **allowed), *tables)  # type: ignore[arg-type]
    engine.close()


@pytest.mark.parametrize("share", ["a lot", "-0.1", 7, None, "nan"])
def test_a_share_that_is_none_is_named(share: object) -> None:
    with pytest.raises(FixConfiguration, match="identity_change_guard is"):
        configured(share, False)


def test_vars_are_read_as_yaml_and_command_lines_have_them() -> None:
    assert configured("0.2", "True") == ChangeGuard(share=0.2, accepted=True)
    assert configured(0, False) == ChangeGuard(share=0.0)
