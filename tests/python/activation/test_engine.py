"""What a sync does to the destination, mode by mode."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from cdp_cli.activation.engine import SyncResult
from cdp_cli.destinations.base import Verb
from cdp_cli.errors import FixConfiguration, FixModel

from .conftest import World, person


def counts(result: SyncResult) -> tuple[int, int, int, int]:
    return result.added, result.changed, result.removed, result.unchanged


def cities(world: World) -> dict[str, str]:
    return {name: row["city"] for name, row in world.receiver.objects.items()}


def test_the_first_run_sends_everything_and_the_second_nothing(world: World) -> None:
    world.arrange(*(person(name) for name in "abcdefg"))
    first = world.run()
    assert (first.status, counts(first), first.requests, first.is_first_run) == (
        "succeeded",
        (7, 0, 0, 0),
        3,
        True,
    )
    assert set(world.receiver.objects) == set("abcdefg")

    second = world.run()
    assert (second.status, counts(second), second.requests) == ("succeeded", (0, 0, 0, 7), 0)
    assert not second.is_first_run


def test_a_plan_says_what_a_run_will_do_and_leaves_no_trace(world: World) -> None:
    world.arrange(person("a"), person("b"), person("c", city="Nowhere"), without_consent=("b",))
    plan = world.plan()
    assert (plan.added, plan.invalid, plan.blocked, plan.is_first_run) == (
        1,
        {"no such city": 1},
        {"consent": 1},
        True,
    )
    assert not world.receiver.requests
    assert not world.ledger_dir.exists()


def test_a_plan_says_what_it_takes_and_shows_no_values(world: World) -> None:
    world.arrange(*(person(f"p{number}") for number in range(7)))
    plan = world.plan()
    assert plan.requests == 3  # of three rows each
    assert [sample.operation for sample in plan.samples] == ["add", "add"]
    assert plan.samples[0].row == {"external_id": "p…", "email": "p…", "city": "B…"}


def test_a_mirror_sends_what_changed_and_removes_what_left(world: World) -> None:
    world.arrange(*(person(name) for name in "abcd"))
    world.run()
    world.arrange(person("a"), person("b", city="Ulm"), person("e"), person("c"))
    assert counts(world.run()) == (1, 1, 1, 2)
    assert cities(world) == {"a": "Bonn", "b": "Ulm", "c": "Bonn", "e": "Bonn"}


def test_a_column_that_the_destination_does_not_take_never_causes_a_send(world: World) -> None:
    world.arrange(person("a", note="one"))
    world.run()
    world.arrange(person("a", note="two"))
    assert counts(world.run()) == (0, 0, 0, 1)


def test_an_upsert_never_removes(world: World) -> None:
    world.spec["mode"] = "upsert"
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange(person("a", city="Ulm"), person("c"), without_consent=("a",))
    assert counts(world.run()) == (1, 0, 0, 0)
    assert cities(world) == {"a": "Bonn", "b": "Bonn", "c": "Bonn"}


def test_an_update_uses_the_update_verb(world: World) -> None:
    world.spec["mode"] = "update"
    world.arrange(person("a"))
    world.run()
    assert [request["verb"] for request in world.receiver.requests] == ["update"]


def test_a_create_is_sent_once_whatever_changes_later(world: World) -> None:
    world.spec["mode"] = "create"
    world.arrange(person("a"))
    assert counts(world.run()) == (1, 0, 0, 0)
    world.arrange(person("a", city="Ulm"), person("b"))
    assert counts(world.run()) == (1, 0, 0, 1)
    assert cities(world) == {"a": "Bonn", "b": "Bonn"}


def test_an_event_is_appended_once_by_its_own_key(world: World) -> None:
    world.spec |= {"mode": "append", "key": ["event_id"]}
    world.destination.match_fields = ["event_id"]
    events = [{"profile_id": "a", "event_id": event} for event in ("e1", "e2")]
    world.arrange(*events)
    assert counts(world.run()) == (2, 0, 0, 0)
    world.arrange(*events[1:], {"profile_id": "a", "event_id": "e3"})
    assert counts(world.run()) == (1, 0, 0, 1)
    assert sorted(event["event_id"] for event in world.receiver.events) == ["e1", "e2", "e3"]


def test_an_audience_gains_and_loses_members_by_their_last_match_keys(world: World) -> None:
    world.spec["mode"] = "audience"
    world.destination.match_fields = ["email"]
    world.arrange(*({"profile_id": name, "email": f"{name}@example.com"} for name in "ab"))
    world.run()
    world.arrange(
        {"profile_id": "a", "email": "new@example.com"}, {"profile_id": "c", "email": "c@example.com"}
    )
    assert counts(world.run()) == (1, 1, 1, 0)
    assert set(world.receiver.objects) == {"new@example.com", "c@example.com"}
    assert [request["verb"] for request in world.receiver.requests[1:]] == ["remove_member", "add_member"]


def test_two_profiles_that_became_one_keep_their_object(world: World) -> None:
    world.destination.match_fields = ["email"]
    shared = {"email": "home@example.com", "external_id": None}
    world.arrange(person("a", **shared), person("b", **shared))
    world.run()
    world.arrange(person("b", **shared))
    result = world.run()
    assert (result.removed, result.changed) == (1, 1)
    assert "remove" not in {request["verb"] for request in world.receiver.requests}
    assert set(world.receiver.objects) == {"home@example.com"}
    assert world.run().requests == 0


def test_removals_are_answered_before_anything_is_put(world: World) -> None:
    world.destination.match_fields = ["email"]
    world.arrange(person("a", external_id=None, email="one@example.com"))
    world.run()
    world.arrange(person("b", external_id=None, email="one@example.com"))
    world.run()
    assert set(world.receiver.objects) == {"one@example.com"}
    assert [request["verb"] for request in world.receiver.requests[1:]] == ["remove", "upsert"]


def test_a_null_is_left_out_or_clears_as_the_sync_says(world: World) -> None:
    columns = pa.schema([(name, pa.string()) for name in person("a")])
    world.arrange(person("a", city=None), columns=columns)
    world.run()
    assert world.receiver.requests[-1]["rows"] == [{"external_id": "a", "email": "a@example.com"}]
    world.spec["nulls"] = {"city": "clear"}
    world.run()
    assert world.receiver.requests[-1]["rows"] == [
        {"external_id": "a", "email": "a@example.com", "city": None}
    ]


def test_an_invalid_row_is_not_sent_and_its_old_state_stays(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange(person("a", city="Nowhere"), person("b", city="Ulm"))
    result = world.run()
    assert (result.status, result.invalid, result.changed) == ("succeeded", {"no such city": 1}, 1)
    assert cities(world) == {"a": "Bonn", "b": "Ulm"}


def test_batches_keep_to_the_limits_in_rows_and_bytes(world: World) -> None:
    world.destination.rows = 50
    world.destination.body_bytes = 1_000
    world.destination.row_bytes = 300
    long = person("long", city="x" * 500)
    world.arrange(*(person(f"p{number:03}") for number in range(100)), long)
    result = world.run()
    assert (result.added, result.invalid) == (100, {"larger than the destination accepts": 1})
    sizes = [len(json.dumps(request["rows"], separators=(",", ":"))) for request in world.receiver.requests]
    assert max(sizes) < 1_000
    assert len(sizes) < 15


def test_several_columns_may_make_the_key(world: World) -> None:
    world.spec |= {"mode": "append", "key": ["external_id", "city"]}
    world.arrange(person("a", city="Bonn"), person("a", city="Ulm"))
    assert world.run().added == 2


def test_a_mode_that_the_destination_cannot_do_is_refused(world: World) -> None:
    world.destination.verbs = frozenset({Verb.UPSERT})
    world.arrange(person("a"))
    with pytest.raises(FixConfiguration, match=r"mode 'mirror', which 'people' .* cannot do\. .*: upsert\."):
        world.run()


def test_a_key_that_is_no_column_is_refused(world: World) -> None:
    world.spec["key"] = "externalid"
    world.arrange(person("a"))
    with pytest.raises(FixConfiguration, match=r"'externalid' in key, .* Did you mean external_id\?"):
        world.run()


def test_a_table_that_was_never_built_is_refused(world: World) -> None:
    world.arrange(person("a"))
    world.warehouse("drop table activation.crm__people")
    with pytest.raises(FixModel, match="crm__people, which sync"):
        world.run()
