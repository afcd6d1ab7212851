"""What explain says of a profile that resembles two others."""

from __future__ import annotations

import pyarrow as pa

from cdp_cli.identity.bands import Bands
from cdp_cli.stewardship.rivals import rivalries
from tests.python.identity.people import RECORD_COLUMNS, scored

PROFILES = {"a": "p_ann", "b": "p_ben", "c": "p_cid"}


def records(**filled: str) -> pa.Table:
    """Rows of identity_records that have one column filled each."""
    empty = dict.fromkeys(RECORD_COLUMNS)
    return pa.Table.from_pylist(
        [{**empty, "record_id": record, column: "x"} for record, column in filled.items()]
    )


NAMED = records(a="last_name", b="last_name", c="last_name")


def test_a_profile_that_resembles_two_others_names_the_rival() -> None:
    pairs = scored(("a", "b", 0.7), ("a", "c", 0.8))
    (reason,) = rivalries(pairs, NAMED, PROFILES, "p_ann", "p_ben", Bands())
    assert reason.kind == "rival"
    assert reason.text == (
        "p_ann resembles p_cid (0.80) as well, and is at most one of them. Of all the odds p_ben has 0.32, "
        "below min_exclusive_share (0.45)."
    )


def test_one_that_stands_out_or_may_be_the_same_person_is_no_rival() -> None:
    assert (
        rivalries(scored(("a", "b", 0.95), ("a", "c", 0.6)), NAMED, PROFILES, "p_ann", "p_ben", Bands()) == ()
    )
    alike = scored(("a", "b", 0.7), ("a", "c", 0.8), ("b", "c", 0.4))
    assert rivalries(alike, NAMED, PROFILES, "p_ann", "p_ben", Bands()) == ()


def test_a_profile_with_nothing_to_compare_is_no_rival() -> None:
    pairs = scored(("a", "b", 0.7), ("a", "c", 0.8))
    a_number_alone = records(a="last_name", b="last_name", c="phone")
    assert rivalries(pairs, a_number_alone, PROFILES, "p_ann", "p_ben", Bands()) == ()


def test_a_pair_that_waits_needs_no_rival_to_stay_apart() -> None:
    assert (
        rivalries(scored(("a", "b", 0.4), ("a", "c", 0.8)), NAMED, PROFILES, "p_ann", "p_ben", Bands()) == ()
    )
