"""Who may not leave, and that nothing can make them."""

from __future__ import annotations

import hashlib

import pytest

from cdp_cli.activation.ledger import open_ledger
from cdp_cli.activation.plan import make_plan
from cdp_cli.activation.spec import check_names
from cdp_cli.errors import FixConfiguration, FixModel
from cdp_cli.relations import Relation
from cdp_cli.warehouse import open_warehouse

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


@pytest.mark.parametrize(
    "table", ["profile_consents", "profile_suppressions", "purposes", "profile_identifiers"]
)
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


@pytest.mark.parametrize("name", ["_cdp_blocked", "_CDP_Body", "_cdp_of_my_own"])
def test_a_column_with_a_reserved_name_is_refused(world: World, name: str) -> None:
    world.arrange({**person("a"), name: None}, without_consent=("a",))
    with pytest.raises(FixConfiguration, match=f"Sync crm__people .*crm__people.sql.* {name!r}.*reserved"):
        world.run()
    assert not world.receiver.requests


def test_a_column_named_like_the_gate_does_not_open_it(world: World) -> None:
    world.arrange({**person("a"), "blocked": None, "eligibility": "yes"}, without_consent=("a",))
    assert world.run().blocked == {"consent": 1}
    assert not world.receiver.requests


def test_columns_whose_names_differ_only_by_case_are_refused(world: World) -> None:
    with pytest.raises(FixConfiguration, match=r"crm__people\.sql.*'email' and 'Email'.*only by case"):
        check_names(world.sync, ["profile_id", "email", "Email"])
    with pytest.raises(FixConfiguration, match="'profile_id' and 'PROFILE_ID'"):
        check_names(world.sync, ["profile_id", "PROFILE_ID"])


MODES = ["upsert", "update", "create", "mirror", "audience", "append"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("field", ["external_id", "email"])
def test_a_row_that_finds_somebody_else_is_invalid(world: World, mode: str, field: str) -> None:
    world.spec |= {"mode": mode, "key": "external_id"}
    world.arrange(person("a"), person("b"))
    world.warehouse(f"update activation.crm__people set {field} = 'b@example.com' where profile_id = 'a'")
    world.warehouse(f"update activation.crm__people set {field} = 'a@example.com' where profile_id = 'b'")
    result = world.run()
    assert (sum(result.invalid.values()), result.added) == (2, 0)
    assert not world.receiver.requests


def test_the_reason_names_the_column_and_not_the_value(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.warehouse("update activation.crm__people set email = 'b@example.com' where profile_id = 'a'")
    with open_ledger(world.ledger_dir, "crm__people") as ledger, open_warehouse(world.settings) as warehouse:
        make_plan(warehouse, ledger, world.sync, world.destination)
        found = ledger.work.execute(
            "select profile_id, invalid, body is null from planned order by 1"
        ).fetchall()
    assert found == [("a", "email is not an identifier of this profile", True), ("b", None, False)]


def test_one_profile_id_beside_many_peoples_addresses_lets_only_its_own_out(world: World) -> None:
    world.spec |= {"mode": "append", "key": "event_id"}
    people = [person(f"p{number}", event_id=f"e{number}") for number in range(20)]
    world.arrange(*people, without_consent=tuple(f"p{number}" for number in range(1, 20)))
    world.warehouse("update activation.crm__people set profile_id = 'p0', external_id = 'p0'")
    result = world.run()
    assert (result.added, sum(result.invalid.values())) == (1, 19)
    assert [event["email"] for event in world.receiver.events] == ["p0@example.com"]


def test_values_are_compared_as_the_destination_normalises_them(world: World) -> None:
    world.arrange(person("a", email="  A@Example.com "))
    assert world.run().added == 1


def test_a_junk_value_identifies_nobody(world: World) -> None:
    world.arrange(person("a"))
    world.warehouse(
        "update profiles.profile_identifiers set identifier_class = 'junk' where identifier_type = 'email'"
    )
    assert sum(world.run().invalid.values()) == 1
    assert not world.receiver.requests


def test_the_profile_id_is_an_external_id_without_proof(world: World) -> None:
    world.arrange(person("a"))
    world.warehouse("delete from profiles.profile_identifiers where identifier_type = 'user_id'")
    assert world.run().added == 1


def test_a_column_named_like_an_identifier_is_checked_although_nothing_is_found_by_it(world: World) -> None:
    world.arrange(person("a", phone="+49 30 1234567"), person("b", phone="+49309999999"))
    world.warehouse(
        "insert into profiles.profile_identifiers values ('a', 'phone', '+49301234567', 'household')"
    )
    result = world.run()
    assert (result.added, sum(result.invalid.values())) == (1, 1)
    assert set(world.receiver.objects) == {"a"}


def test_a_number_without_its_country_is_its_owners(world: World) -> None:
    world.arrange(person("a", phone="0301234567"), person("b", phone="0301234567"))
    world.warehouse(
        "create table profiles.profile_dialled_numbers as select 'a' as profile_id, '301234567' as digits"
    )
    result = world.run()
    assert (result.added, sum(result.invalid.values())) == (1, 1)
    assert set(world.receiver.objects) == {"a"}


@pytest.mark.parametrize(
    ("purpose", "medium", "said"),
    [
        ("analytics", "email", r"'analytics' for '\*', which does not cover the medium 'email' of 'people'"),
        ("advertising", "email", "fits: marketing_email"),
        ("marketing_email", "ads", "'marketing_email' for 'email'.*fits: advertising"),
        ("marketing_email", "sms", "fits: no purpose"),
        ("marketing_email", "*", "does not say by what medium.*`medium: email`.*fits: analytics"),
    ],
)
def test_a_purpose_that_does_not_cover_the_medium_does_not_load(
    world: World, purpose: str, medium: str, said: str
) -> None:
    world.spec["purpose"] = purpose
    world.destination.medium = medium
    world.arrange(person("a"))
    world.warehouse(f"update profiles.profile_consents set purpose = '{purpose}'")
    with pytest.raises(FixConfiguration, match=said):
        world.run()
    assert not world.receiver.requests


def test_a_purpose_of_every_channel_is_let_in_by_name_and_heeds_the_mediums_suppressions(
    world: World,
) -> None:
    world.spec["purpose"] = "analytics"
    world.destination.purposes = frozenset({"analytics"})
    world.arrange(person("a"), person("b"), person("c"), suppressed={"b": "email", "c": "sms"})
    world.warehouse("update profiles.profile_consents set purpose = 'analytics'")
    assert world.run().blocked == {"suppression": 1}
    assert set(world.receiver.objects) == {"a", "c"}


def test_every_suppression_counts_where_no_medium_is_stated(world: World) -> None:
    world.spec["purpose"] = "analytics"
    world.destination.medium = "*"
    world.arrange(person("a"), person("b"), person("c"), suppressed={"b": "email", "c": "ads"})
    world.warehouse("update profiles.profile_consents set purpose = 'analytics'")
    assert world.run().blocked == {"suppression": 2}
    assert set(world.receiver.objects) == {"a"}
