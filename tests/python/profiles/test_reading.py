from __future__ import annotations

from cdp_cli.profiles import Choice, read_profile
from cdp_cli.warehouse import Warehouse
from tests.relations import RELATIONS


def choices_of(warehouse: Warehouse, profile_id: str) -> dict[str, Choice]:
    return {choice.attribute: choice for choice in read_profile(warehouse, RELATIONS, profile_id).provenance}


def test_each_golden_value_names_the_record_that_gave_it(warehouse: Warehouse) -> None:
    choices = choices_of(warehouse, "p1")

    assert {name: choice.winner and choice.winner.record_id for name, choice in choices.items()} == {
        "full_name": "crm:1",
        "email": "crm:1",
        "phone": "shop:1",
    }


def test_the_attributes_stand_in_the_order_of_the_golden_record(warehouse: Warehouse) -> None:
    assert list(choices_of(warehouse, "p1")) == ["full_name", "email", "phone"]


def test_each_loser_says_why_it_lost(warehouse: Warehouse) -> None:
    choices = choices_of(warehouse, "p1")

    assert [loser.lost_by for loser in choices["full_name"].losers] == ["same", "rank"]
    assert [loser.lost_by for loser in choices["email"].losers] == ["junk"]
    assert [loser.lost_by for loser in choices["phone"].losers] == ["shared"]


def test_junk_alone_leaves_the_attribute_without_a_winner(warehouse: Warehouse) -> None:
    choice = choices_of(warehouse, "p2")["email"]

    assert choice.winner is None
    assert [loser.lost_by for loser in choice.losers] == ["junk"]


def test_what_was_sent_is_the_latest_word_of_each_sync(warehouse: Warehouse) -> None:
    deliveries = read_profile(warehouse, RELATIONS, "p1").deliveries

    assert [(row["sync"], row["outcome"], row["reason"]) for row in deliveries if not row["retired_id"]] == [
        ("ads", "blocked", "no consent"),
        ("newsletter", "acknowledged", None),
    ]


def test_what_was_sent_under_a_retired_id_is_shown_beside(warehouse: Warehouse) -> None:
    deliveries = read_profile(warehouse, RELATIONS, "p1").deliveries

    assert [(row["sync"], row["retired_id"], row["operation"], row["run_id"]) for row in deliveries] == [
        ("ads", None, "block", "r2"),
        ("newsletter", None, "add", "r2"),
        ("newsletter", "p0", "remove", "r3"),
    ]


def test_tables_that_are_not_there_yet_give_no_rows(warehouse: Warehouse) -> None:
    profile = read_profile(warehouse, RELATIONS, "p1")

    assert profile.golden["full_name"] == "Ann Bell"
    assert profile.consents == profile.segments == profile.timeline == profile.records == ()
