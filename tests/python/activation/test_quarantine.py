"""A row that is refused again and again as it is waits until it changes, or until a person says so."""

from __future__ import annotations

import pytest

from .conftest import World, person


def refuse_b(world: World) -> None:
    world.receiver.refuses = lambda row: "no such country" if row["external_id"] == "b" else None


@pytest.mark.parametrize("mode", ["mirror", "upsert", "create"])
def test_a_row_is_sent_three_times_and_then_waits_until_it_changes(world: World, mode: str) -> None:
    world.spec["mode"] = mode
    world.arrange(person("a"), person("b"))
    refuse_b(world)
    assert [world.run().rejected for _ in range(3)] == [1, 1, 1]
    waiting = world.run()
    assert (waiting.requests, waiting.quarantined, waiting.status) == (0, 1, "succeeded")

    world.arrange(person("a"), person("b", city="Ulm"))
    world.receiver.accept_everything()
    assert (world.run().added, world.run().quarantined) == (1, 0)


def test_what_was_taken_in_between_counts_anew(world: World) -> None:
    world.arrange(person("b"))
    refuse_b(world)
    world.run()
    world.run()
    world.receiver.accept_everything()
    assert world.run().added == 1
    assert world.ledger("select count(*) from refusals") == [(0,)]


def test_the_plan_says_what_waits(world: World) -> None:
    world.arrange(person("a"), person("b"))
    refuse_b(world)
    for _ in range(3):
        world.run()
    plan = world.plan()
    assert (plan.quarantined, plan.added) == (1, 0)


def test_a_row_that_waits_is_removed_all_the_same(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange(person("a"), person("b", city="Ulm"))
    refuse_b(world)
    for _ in range(3):
        world.run()
    world.receiver.accept_everything()
    world.arrange(person("a"), person("b", city="Ulm"), without_consent=("b",))
    assert world.run().removed == 1
    assert set(world.receiver.objects) == {"a"}
