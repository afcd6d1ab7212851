"""A ledger speaks of one place: if the sync leads elsewhere, a person says what holds."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_cli.errors import ConfirmFirst

from .conftest import World, person


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"object": "other_list"}, "object was people, is other_list"),
        ({"mode": "upsert"}, "mode was mirror, is upsert"),
        ({"key": "external_id"}, "key was profile_id, is external_id"),
    ],
)
def test_a_sync_that_leads_elsewhere_sends_nothing_until_a_person_says_what_holds(
    world: World, changed: dict[str, Any], said: str
) -> None:
    world.arrange(person("a"), person("b"))
    world.run()
    turn(world, changed)
    world.arrange(person("a"), person("b"), person("c"))
    result = world.run()
    assert (result.status, result.requests) == ("stopped", 0)
    assert isinstance(result.error, ConfirmFirst)
    assert said in result.error.problem
    assert "2 rows from us" in result.error.problem

    turn(world, {"object": "people", "mode": "mirror", "key": "profile_id"})
    assert world.run().added == 1


def test_another_account_at_the_same_address_is_another_place(world: World) -> None:
    world.destination.account_id = "acc-1"
    world.arrange(person("a"))
    world.run()
    world.destination.account_id = "acc-2"
    assert world.run().requests == 0  # there is nothing to send, so nobody is asked
    world.arrange(person("a"), person("b"))
    result = world.run()
    assert (result.status, result.requests) == ("stopped", 0)
    assert result.error is not None and "account was acc-1, is acc-2" in result.error.problem


def turn(world: World, changed: dict[str, Any]) -> None:
    for name, value in changed.items():
        if name == "object":
            world.destination.object = value
        else:
            world.spec[name] = value


def test_anew_sends_everything_to_the_new_place(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.run()
    world.destination.object = "other_list"
    assert world.run(accepted={"destination-anew"}).added == 2
    assert world.run().requests == 0


def test_the_same_place_goes_on(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.run()
    world.destination.object = "new_name_of_people"
    assert world.run(accepted={"destination-same"}).requests == 0
    assert world.run().status == "succeeded"


def test_a_ledger_with_nothing_in_it_moves_freely(world: World) -> None:
    world.arrange(person("a"), without_consent=("a",))
    world.run()
    world.destination.object = "other_list"
    assert world.run().status == "succeeded"


def test_a_ledger_of_an_earlier_release_is_bound_by_its_next_run(world: World) -> None:
    world.arrange(person("a"))
    world.run()
    import duckdb

    with duckdb.connect(str(world.ledger_dir / "crm__people.duckdb")) as ledger:
        ledger.execute("drop table bound_to")
    assert world.run().requests == 0
    world.destination.object = "other_list"
    assert world.run().status == "stopped"
