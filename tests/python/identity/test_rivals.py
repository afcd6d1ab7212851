"""What explain says of a profile that resembles two others."""

from __future__ import annotations

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.rivals import rivalries
from tests.python.identity.people import scored

PROFILES = {"a": "p_ann", "b": "p_ben", "c": "p_cid"}


def test_a_profile_that_resembles_two_others_names_the_rival() -> None:
    pairs = scored(("a", "b", 0.7), ("a", "c", 0.8))
    (reason,) = rivalries(pairs, PROFILES, "p_ann", "p_ben", Bands())
    assert reason.kind == "claim"
    assert reason.text == (
        "p_ann resembles p_cid (0.80) as well, and is at most one of them. Of all the odds p_ben has 0.32, "
        "below 0.45 (claim)."
    )


def test_one_that_stands_out_or_may_be_the_same_person_is_no_rival() -> None:
    assert rivalries(scored(("a", "b", 0.95), ("a", "c", 0.6)), PROFILES, "p_ann", "p_ben", Bands()) == ()
    alike = scored(("a", "b", 0.7), ("a", "c", 0.8), ("b", "c", 0.4))
    assert rivalries(alike, PROFILES, "p_ann", "p_ben", Bands()) == ()


def test_a_pair_that_waits_needs_no_rival_to_stay_apart() -> None:
    assert rivalries(scored(("a", "b", 0.4), ("a", "c", 0.8)), PROFILES, "p_ann", "p_ben", Bands()) == ()
