"""A tripped guard changes nothing, and a person can lift it."""

from __future__ import annotations

import pytest

from cdp_cli.errors import ConfirmFirst

from .conftest import World, person


def stopped(world: World, sentence: str, **options: object) -> None:
    before, requests = dict(world.receiver.objects), len(world.receiver.requests)
    result = world.run(**options)
    assert result.status == "stopped"
    assert isinstance(result.error, ConfirmFirst)
    assert sentence in result.error.problem
    assert (world.receiver.objects, len(world.receiver.requests)) == (before, requests)


def test_an_empty_source_stops(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange()
    stopped(world, "activation.crm__people is empty, and the destination has 2 rows from us")
    assert world.run(accepted={"accept-empty"}).removed == 2


def test_an_empty_first_run_is_nothing_special(world: World) -> None:
    world.arrange()
    assert world.run().status == "succeeded"


def test_too_many_removals_stop(world: World) -> None:
    world.spec["removal_guard"] = 0.2
    world.arrange(*(person(name) for name in "abcde"))
    world.run()
    world.arrange(*(person(name) for name in "abc"))
    stopped(world, "would remove 2 of the 5 rows that the destination has, more than its guard of 20%")
    assert world.run(accepted={"accept-removals"}).removed == 2


def test_a_few_removals_pass_whatever_their_share(world: World) -> None:
    world.spec |= {"removal_guard": 0.2, "removal_floor": 2}
    world.arrange(*(person(name) for name in "abcde"))
    world.run()
    world.arrange(*(person(name) for name in "abc"))
    assert world.run().removed == 2
    world.arrange()
    stopped(world, "is empty")


def test_who_was_sent_and_is_held_out_now_stops_a_mode_that_removes_nobody(world: World) -> None:
    world.spec["mode"] = "upsert"
    world.arrange(*(person(f"p{number:02}") for number in range(30)))
    world.run()
    world.spec["holdout"] = 0.5
    result = world.run()
    assert result.status == "stopped"
    assert result.error is not None and "people whom the destination has from us" in result.error.problem
    assert world.run(accepted={"accept-holdout"}).status == "succeeded"


def test_removals_up_to_the_share_pass(world: World) -> None:
    world.spec["removal_guard"] = 0.2
    world.arrange(*(person(name) for name in "abcde"))
    world.run()
    world.arrange(*(person(name) for name in "abcd"))
    assert world.run().removed == 1


def test_a_null_key_stops(world: World) -> None:
    world.spec["key"] = "email"
    world.arrange(person("a"), person("b", email=None))
    stopped(world, "1 of 2 rows of activation.crm__people have no key (email)")


def test_a_repeated_key_stops(world: World) -> None:
    world.arrange(person("a"), person("a", city="Ulm"), person("b"))
    stopped(world, "1 rows of activation.crm__people repeat the key (profile_id) of another")


def test_a_lost_ledger_stops_until_a_person_says_so(world: World) -> None:
    world.arrange(person("a"))
    world.run()
    (world.ledger_dir / "crm__people.duckdb").unlink()
    stopped(world, "has no ledger, though the warehouse knows of its runs until")
    stopped(world, "has no ledger")
    assert world.run(accepted={"accept-new-ledger"}).added == 1


@pytest.mark.parametrize("mode", ["append", "create"])
def test_modes_that_never_remove_do_not_count_who_is_gone(world: World, mode: str) -> None:
    world.spec |= {"mode": mode, "removal_guard": 0.0}
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange(person("a"))
    assert world.run().status == "succeeded"
