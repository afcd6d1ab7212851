"""A join that clustering refuses is recorded with what decided, and recording changes nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pyarrow as pa

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.assignments import assign
from cdp_cli.identity.inputs import Input
from tests.python.identity.people import day, decisions, given, scored, types


def refused(reading: Input, bands: Bands | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = assign(reading, "run", day(1), bands or Bands()).refusals.to_pylist()
    return rows


def only(reading: Input, bands: Bands | None = None) -> dict[str, Any]:
    (row,) = refused(reading, bands)
    return row


def test_a_veto_names_the_pair_that_it_is_about_and_the_pair_that_would_join() -> None:
    pairs = pa.concat_tables(
        [scored(("a", "b", 0.99), ("b", "c", 0.99)), scored(("a", "c", 0.9), veto="different_national_id")]
    )
    row = only(given("abc", pairs))
    assert (row["refused_by"], row["constraint_name"]) == ("veto", "different_national_id")
    assert (row["left_evidence_id"], row["right_evidence_id"]) == ("a", "c")
    assert {row["left_record_id"], row["right_record_id"]} in ({"a", "b"}, {"b", "c"})
    assert row["left_profile_id"] != row["right_profile_id"]
    assert (row["run_id"], row["refused_at"]) == ("run", day(1))


def test_a_decision_is_what_refused_whatever_veto_there_is_too() -> None:
    pairs = pa.concat_tables(
        [scored(("a", "b", 0.99), ("b", "c", 0.99)), scored(("a", "c", 0.9), veto="different_national_id")]
    )
    decided = decisions(("a", "c", "different", dt.datetime(2025, 1, 1)))
    row = only(given("abc", pairs, decided=decided))
    assert row["refused_by"] == "decision"
    assert row["constraint_name"] == decided.column("decision_id")[0].as_py()


def test_single_links_are_refused_by_the_average() -> None:
    pairs = scored(("a", "b", 0.99), ("b", "c", 0.99), ("c", "d", 0.99), ("a", "c", 0.0), ("a", "d", 0.0))
    row = only(given("abcd", pairs))
    assert row["refused_by"] == "average_linkage"
    assert row["observed"] < row["allowed"] == Bands().min_average_linkage


def test_a_rival_is_named() -> None:
    pairs = scored(("a", "b", 0.7), ("a", "c", 0.7), ("b", "c", 0.05))
    reading = given("abc", pairs)
    rows = refused(reading)
    assert rows and {row["refused_by"] for row in rows} == {"rival"}
    assert {frozenset((row["left_evidence_id"], row["right_evidence_id"])) for row in rows} <= {
        frozenset("ab"), frozenset("ac"),
    }  # fmt: skip


def test_a_limit_is_named_by_its_identifier_type() -> None:
    pairs = scored(("a", "b", 0.9), ("b", "c", 0.6), ("a", "c", 0.4))
    identifiers = pa.table(
        {
            "record_id": ["a", "c"],
            "identifier_type": ["email"] * 2,
            "identifier_value": ["a@example.com", "c@example.com"],
            "identifier_class": ["personal"] * 2,
        }
    )
    row = only(
        replace(
            given("abc", pairs), identifiers=identifiers, identifier_types=types(max_values_per_profile=1)
        )
    )
    assert (row["refused_by"], row["constraint_name"]) == ("limit", "email")
    assert (row["observed"], row["allowed"]) == (2.0, 1.0)


def test_what_waits_or_joins_is_no_refusal() -> None:
    assert refused(given("ab", scored(("a", "b", 0.3)))) == []
    assert refused(given("ab", scored(("a", "b", 0.9)))) == []
    # The pair itself says so in identity_pairs.
    assert refused(given("ab", scored(("a", "b", 0.9), veto="different_national_id"))) == []
