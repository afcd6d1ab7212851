"""What a sync does to the channel, mode by mode."""

from __future__ import annotations

from .conftest import World, person


def counts(result):
    return result.added, result.changed, result.removed, result.unchanged


def test_the_first_run_sends_everything_and_the_second_nothing(world: World) -> None:
    world.arrange(*(person(name) for name in "abcdefg"))

    first = world.run()
    assert (first.status, counts(first), first.requests) == ("succeeded", (7, 0, 0, 0), 3)
    assert set(world.receiver.objects) == set("abcdefg")

    second = world.run()
    assert (second.status, counts(second), second.requests) == ("succeeded", (0, 0, 0, 7), 0)


def test_a_mirror_sends_what_changed_and_removes_what_left(world: World) -> None:
    world.arrange(*(person(name) for name in "abcd"))
    world.run()
    world.arrange(person("a"), person("b", city="Ulm"), person("e"), person("c"))

    assert counts(world.run()) == (1, 1, 1, 2)
    assert {name: row["city"] for name, row in world.receiver.objects.items()} == {
        "a": "Bonn", "b": "Ulm", "c": "Bonn", "e": "Bonn",
    }  # fmt: skip
