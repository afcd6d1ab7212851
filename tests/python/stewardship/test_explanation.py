"""Why two records are one person: the path, the waterfall, and what keeps records apart."""

from __future__ import annotations

import dataclasses
from functools import cache
from math import log2
from typing import Any

import pyarrow as pa
import pytest

from cdp_cli.errors import FixModel
from cdp_cli.identity.clustering import refusals
from cdp_cli.identity.clustering.strongest_path import strongest_path
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.prepare import prepare
from cdp_cli.identity.resolve import Resolution, resolve
from cdp_cli.identity.training import trained_model
from cdp_cli.stewardship.decisions import decide, split
from cdp_cli.stewardship.explanation import Explanation, explain, strongest_pair
from cdp_cli.stewardship.html_report import html_report
from tests.identity_sql import compiled
from tests.python.identity.people import day, given, people, scored

PEOPLE = people(
    {"first_name": "Ann", "last_name": "Archer", "birth_date": "1980-01-02", "email": "ann@example.com"},
    {"first_name": "Ann", "last_name": "Archer", "email": "ann@example.com", "phone": "+447700900001"},
    {"last_name": "Archer", "phone": "+447700900001", "city": "Bath"},
    {"first_name": "Zoltan", "last_name": "Kovacs", "birth_date": "1955-11-30", "city": "Bath"},
    {"first_name": "Anna", "last_name": "Archer", "birth_date": "1951-05-06", "postcode": "BA1 1AA"},
)


@cache
def built() -> tuple[Resolution, Input, dict[str, str], pa.Table]:
    found = resolve(PEOPLE, compiled(), at=day(1))
    engine = InMemory()
    try:
        prepare(engine.connection, PEOPLE, compiled())
        tables = {
            name: engine.arrow(f"select * from {name}")
            for name in ("identity_identifiers", "identifier_types", "nicknames", "identity_blocks")
        }
    finally:
        engine.close()
    reading = dataclasses.replace(
        given([], scored()),
        records=found.records,
        identifiers=tables["identity_identifiers"],
        identifier_types=tables["identifier_types"],
        nicknames=tables["nicknames"],
        models=trained_model.stored(found.model, day(1)),
        pairs=found.pairs,
    )
    profiles = dict(
        zip(*(found.assigned.column(name).to_pylist() for name in ("record_id", "profile_id")), strict=True)
    )
    return found, reading, profiles, tables["identity_blocks"]


def why(left: str, right: str, refused: pa.Table | None = None, **changed: Any) -> Explanation:
    _, reading, profiles, blocks = built()
    refused = refusals.SCHEMA.empty_table() if refused is None else refused
    return explain(dataclasses.replace(reading, **changed), blocks, refused, profiles, left, right, compiled)


def test_the_strongest_path_is_the_one_whose_weakest_pair_is_strongest() -> None:
    strengths = {("a", "b"): 9.0, ("b", "c"): 5.0, ("a", "c"): 2.0, ("c", "d"): 7.0, ("b", "d"): 4.0}
    assert strongest_path(strengths, "a", "d") == ("a", "b", "c", "d")
    assert strongest_path(strengths, "a", "z") == ()


def test_of_paths_as_strong_it_is_the_shortest() -> None:
    strengths = {("a", "b"): 5.0, ("b", "c"): 9.0, ("c", "d"): 9.0, ("b", "d"): 5.0}
    assert strongest_path(strengths, "a", "d") == ("a", "b", "d")


def test_a_chain_of_ten_thousand_records_is_followed() -> None:
    strengths = {(f"r{n:05}", f"r{n + 1:05}"): 1.0 for n in range(10_000)}
    assert len(strongest_path(strengths, "r00000", "r10000")) == 10_001


def test_two_records_that_no_pair_joins_are_joined_by_a_path() -> None:
    found = why("a", "c")
    assert found.joined
    assert [(link.left_record_id, link.right_record_id) for link in found.path] == [("a", "b"), ("b", "c")]
    assert [link.waterfall.rule for link in found.path if link.waterfall] == ["same_email", "same_phone"]


def test_a_waterfall_adds_up_to_the_score() -> None:
    fall = why("a", "b").link.waterfall
    assert fall is not None and fall.prior is not None
    total = fall.prior + sum(part.weight + part.frequency_weight for part in fall.parts)
    assert max(total, fall.rule_weight or total) == pytest.approx(fall.total, abs=0.01)
    # A probability is stored with nine digits.
    assert fall.total == pytest.approx(log2(fall.probability / (1 - fall.probability)), abs=0.05)
    by_name = {part.comparison: part for part in fall.parts}
    assert by_name["first_name"].level == "same"
    assert by_name["first_name"].frequency_weight != 0


def test_two_that_were_never_compared_are_scored_now_with_the_rules_that_would_have() -> None:
    found = why("a", "d")
    assert not found.joined
    assert not found.compared
    assert found.link.scored_now
    assert found.link.waterfall is not None
    assert found.verdict.startswith("Never compared")
    keys = {rule.name: rule for rule in found.blocking}
    assert (keys["birth_date"].left_key, keys["birth_date"].right_key) == ("1980-01-02", "1955-11-30")
    likeness = [rule.likeness for rule in found.blocking]
    assert likeness == sorted(likeness, reverse=True)
    assert max(likeness) < 1


def test_a_decision_is_the_first_reason() -> None:
    decided = decide("a", "d", "different", "bo", "father and son", day(2))
    decision_id = decided.column("decision_id")[0].as_py()
    found = why("d", "a", decisions=decided)
    assert found.reasons[0].text == (
        f"bo decided on 2026-01-03 that a and d are two people: father and son (decision {decision_id})"
    )
    assert found.verdict == "Not one person: somebody decided so."


def test_a_split_is_one_reason() -> None:
    cut = split(["d"], ["a", "b", "c"], decide("x", "y", "same", "bo", "why", day(1)), "bo", "a son", day(2))
    group = cut.column("decision_group")[0].as_py()
    found = why("a", "d", decisions=cut)
    assert [reason.text for reason in found.reasons if reason.kind == "decision"] == [
        f"bo split a profile on 2026-01-03: a son (decision {group})"
    ]


def test_a_veto_says_why() -> None:
    _, reading, profiles, _ = built()
    assert profiles["a"] != profiles["e"]
    pair = scored(("a", "e", 0.97), veto="birth_dates_far_apart")
    version = reading.pairs.column("version")[0].as_py()
    pair = pair.set_column(2, "version", pa.array([version])).set_column(4, "match_weight", pa.array([5.0]))
    found = why("a", "e", pairs=pair)
    assert found.verdict == "Not one person: a veto of the two keeps them apart, whatever the score."
    assert "more than 12 years apart" in found.reasons[0].text
    assert found.link.veto == "birth_dates_far_apart"


SAID = [
    (
        {"refused_by": "limit", "constraint_name": "loyalty_id", "observed": 4.0, "allowed": 3.0},
        "Together they would have 4 values of loyalty_id; a profile may have 3.",
    ),
    (
        {"refused_by": "average_linkage", "observed": 0.2, "allowed": 0.25},
        "The pairs between the two that can be compared have a mean probability of 0.200, below "
        "min_average_linkage (0.25): single links do not join two groups.",
    ),
    (
        {"refused_by": "name_conflict", "observed": 0.6, "allowed": 0.5},
        "The first names contradict in 60% of the pairs between the two that have both; from 50% on the join "
        "is refused (max_name_conflict_share).",
    ),
    (
        {"refused_by": "rival", "observed": 0.32, "allowed": 0.45, "left_evidence_id": "a",
         "right_evidence_id": "d"},
        "{a} resembles {d} as well, and is at most one of them. Of all the odds {e} has 0.32, below "
        "min_exclusive_share (0.45).",
    ),
    (
        {"refused_by": "veto", "constraint_name": "one_record_per_person", "left_evidence_id": "b",
         "right_evidence_id": "e"},
        "b and e are vetoed by one_record_per_person. Both are of one source, which declares that it holds "
        "each person once.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "text"), SAID, ids=[row["refused_by"] for row, _ in SAID])
def test_what_clustering_refused_is_read_and_said(row: dict[str, Any], text: str) -> None:
    _, reading, profiles, _ = built()
    version = reading.pairs.column("version")[0].as_py()
    pair = scored(("a", "e", 0.97))
    pair = pair.set_column(2, "version", pa.array([version])).set_column(4, "match_weight", pa.array([5.0]))
    whole = {"left_record_id": "a", "right_record_id": "e", "refused_at": day(1), **row}
    refused = pa.Table.from_pylist([whole], schema=refusals.SCHEMA)
    found = why("a", "e", refused, pairs=pair)
    assert [reason.text for reason in found.reasons] == [text.format_map(profiles)]
    # What held a run ago says nothing once no pair would join the two.
    later = why("a", "e", refused, pairs=pair.slice(0, 0))
    assert found.reasons[0] not in later.reasons


def test_a_missing_model_is_named() -> None:
    _, reading, _, _ = built()
    with pytest.raises(FixModel, match=r"has no model m[0-9a-f]+, which scored the pairs"):
        why("a", "b", models=reading.models.slice(0, 0))


def test_of_two_profiles_the_strongest_pair_is_taken() -> None:
    pairs = scored(("a", "c", 0.5), ("b", "c", 0.9))
    pairs = pairs.set_column(4, "match_weight", pa.array([0.0, 3.2]))
    assert strongest_pair(pairs, ["a", "b"], ["c"]) == ("b", "c")
    assert strongest_pair(pairs, ["a"], ["z"]) == ("a", "z")
    assert strongest_pair(pairs, ["a"], ["a"]) is None


def test_a_picture_is_one_file_that_runs_nothing_and_escapes_what_it_shows() -> None:
    found = why("a", "c")
    evil = dataclasses.replace(
        found.link, values=(dataclasses.replace(found.link.values[0], left="<script>alert(1)</script>"),)
    )
    page = html_report(dataclasses.replace(found, link=evil))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert page.count("<svg") >= 2
    assert "holds personal data" in page
