"""Who may not leave, and that nothing can make them."""

from __future__ import annotations

import hashlib

import pytest

from cdp_cli.errors import FixConfiguration, FixModel
from cdp_cli.relations import Relation

from .conftest import World, person


def test_no_row_of_consent_means_no(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.warehouse("delete from profiles.profile_consents where profile_id = 'b'")
    assert world.run().blocked == {"consent": 1}
    assert set(world.receiver.objects) == {"a"}


def test_consent_for_another_purpose_means_no(world: World) -> None:
    world.arrange(person("a"))
    world.warehouse("update profiles.profile_consents set purpose = 'analytics'")
    assert world.run().blocked == {"consent": 1}
    assert not world.receiver.requests


def test_a_profile_that_is_null_means_no(world: World) -> None:
    world.spec["key"] = "external_id"
    world.arrange(person("a"), {**person("b"), "profile_id": None})
    assert world.run().blocked == {"consent": 1}
    assert set(world.receiver.objects) == {"a"}


@pytest.mark.parametrize(("channel", "is_blocked"), [("email", True), ("*", True), ("sms", False)])
def test_suppression_counts_for_its_channel_and_everywhere(
    world: World, channel: str, is_blocked: bool
) -> None:
    world.arrange(person("a"), suppressed={"a": channel})
    assert world.run().blocked == ({"suppression": 1} if is_blocked else {})


@pytest.mark.parametrize("mode", ["mirror", "audience"])
def test_a_person_who_withdrew_is_removed_at_the_next_sync(world: World, mode: str) -> None:
    world.spec["mode"] = mode
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange(person("a"), person("b"), without_consent=("b",))
    result = world.run()
    assert (result.removed, result.blocked) == (1, {"consent": 1})
    assert set(world.receiver.objects) == {"a"}


def test_the_held_out_are_always_the_same_people(world: World) -> None:
    world.spec["holdout"] = 0.25
    people = [person(f"p{number:03}") for number in range(400)]
    expected = {
        row["profile_id"]
        for row in people
        if int(hashlib.md5(f"crm__people:{row['profile_id']}".encode()).hexdigest()[:8], 16) < 2**30
    }
    world.destination.rows = 1000
    world.arrange(*people)
    assert world.run().blocked == {"holdout": len(expected)}
    assert set(world.receiver.objects) == {row["profile_id"] for row in people} - expected
    assert 60 < len(expected) < 140


def test_a_sync_yields_to_another(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.warehouse("create table activation.ads__vip as select 'b' as profile_id")
    world.yields_to = (Relation("activation", "ads__vip"),)
    assert world.run().blocked == {"priority": 1}
    assert set(world.receiver.objects) == {"a"}


@pytest.mark.parametrize("table", ["profile_consents", "profile_suppressions", "purposes"])
def test_without_the_consent_tables_nothing_is_sent(world: World, table: str) -> None:
    world.arrange(person("a"))
    world.warehouse(f"drop table profiles.{table}")
    with pytest.raises(FixModel, match=f"no table profiles.{table}, so consent cannot be checked"):
        world.run()
    assert not world.receiver.requests


def test_an_unknown_purpose_is_refused(world: World) -> None:
    world.spec["purpose"] = "marketing_mail"
    world.arrange(person("a"))
    with pytest.raises(FixConfiguration, match="Did you mean marketing_email"):
        world.run()


def test_a_blocked_payload_is_not_even_written_down(world: World) -> None:
    world.arrange(person("a"), person("secretperson"), without_consent=("secretperson",))
    world.run()
    for path in world.ledger_dir.iterdir():
        assert b"secretperson@example.com" not in path.read_bytes()
