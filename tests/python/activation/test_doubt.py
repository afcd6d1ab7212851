"""Rows without an answer are settled one by one: nobody is held by somebody else, nothing is sent twice."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_cli.activation.trials import Pace
from cdp_cli.destinations.base import Idempotency

from .conftest import World, person
from .double import CUT_AFTER, CUT_BEFORE, Failure

CRASHED: Failure = ("before", 500, {})
DOWN = [CUT_BEFORE] * 40


def events(world: World, kind: Idempotency) -> None:
    world.spec |= {"mode": "append", "key": "event_id"}
    world.destination.match_fields = ["event_id"]
    world.destination.kind = kind
    world.destination.rows = 4
    world.receiver.keyed = kind is Idempotency.KEYED


def event(profile: str, name: str) -> dict[str, str]:
    return {"profile_id": profile, "event_id": name}


def names(world: World) -> list[str]:
    return sorted(row["event_id"] for row in world.receiver.events)


@pytest.mark.parametrize("cut", [CUT_AFTER, CUT_BEFORE])
def test_a_withdrawal_inside_a_batch_of_events_holds_nobody_else(world: World, cut: Failure) -> None:
    events(world, Idempotency.KEYED)
    rows = [event("a", "e1"), event("b", "e2"), event("c", "e3")]
    world.arrange(*rows)
    world.receiver.failures = [cut] * 6
    assert world.run().in_doubt == 3

    world.arrange(*rows, without_consent=("b",))
    result = world.run()
    assert (result.status, result.in_doubt) == ("succeeded", 0)
    sent_then = ["e1", "e2", "e3"] if cut is CUT_AFTER else ["e1", "e3"]
    assert names(world) == sent_then
    world.arrange(*rows)
    assert world.run().requests == 0


@pytest.mark.parametrize("cut", [CUT_AFTER, CUT_BEFORE])
def test_a_row_that_is_again_what_it_was_before_its_batch_in_doubt_ends_as_it_is(
    world: World, cut: Failure
) -> None:
    world.arrange(person("a", city="Bonn"))
    world.run()
    world.arrange(person("a", city="Ulm"))
    world.receiver.failures = [cut] * 6
    assert world.run().in_doubt == 1

    world.arrange(person("a", city="Bonn"))
    world.run()
    world.run()
    assert world.receiver.objects == {
        "a": {"external_id": "a", "email": "a@example.com", "city": "Bonn"},
    }
    assert all("city" in row for body in world.receiver.requests for row in body["rows"])
    assert world.run().requests == 0


def test_a_person_decides_about_the_rest_and_the_one_who_withdrew_is_not_sent(world: World) -> None:
    events(world, Idempotency.APPEND_ONLY)
    rows = [event("a", "e1"), event("b", "e2"), event("c", "e3")]
    world.arrange(*rows)
    world.receiver.failures = [CUT_BEFORE]
    assert world.run().in_doubt == 3

    world.arrange(*rows, without_consent=("b",))
    held = world.run()
    assert (held.in_doubt, held.blocked) == (2, {"consent": 1})
    told = world.run(doubt_was_applied=False)
    assert (told.in_doubt, told.added) == (0, 2)
    assert names(world) == ["e1", "e3"]


def test_what_is_in_doubt_holds_neither_new_rows_nor_removals(world: World) -> None:
    world.destination.rows = 1
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange(person("a"), person("b"), person("bad"))
    world.receiver.while_sending = lambda body: None
    world.receiver.failures = [CRASHED] * 3
    assert world.run().rejected == 1

    # The row that the destination cannot digest is set aside. Somebody leaves, somebody comes.
    world.arrange(person("a"), person("bad"), person("new"), without_consent=("a",))
    result = world.run()
    assert (result.added, result.removed, result.quarantined) == (1, 2, 1)
    assert set(world.receiver.objects) == {"new"}


@pytest.mark.parametrize("kind", [Idempotency.KEYED, Idempotency.UPSERT])
def test_a_row_that_breaks_its_batch_is_found_and_named_and_the_rest_goes_on(
    world: World, kind: Idempotency
) -> None:
    world.destination.kind = kind
    world.destination.rows = 16
    world.arrange(*(person(f"p{number:02}") for number in range(32)))
    choke(world, "p05")
    result = world.run()
    assert (result.added, result.rejected, result.in_doubt) == (31, 1, 0)
    assert result.error is not None and "status 500" in result.error.problem
    assert "p05" not in world.receiver.objects

    again = world.run()
    assert (again.requests, again.quarantined, again.status) == (0, 1, "succeeded")
    # It may be there, so a withdrawal removes it.
    world.receiver.failures = []
    world.arrange(*(person(f"p{number:02}") for number in range(32)), without_consent=("p05",))
    assert world.run().removed == 1


def choke(world: World, name: str) -> None:
    """Let the receiver answer 500 to each put that holds the row."""

    def look(body: dict[str, Any]) -> None:
        rows = body.get("rows", [])
        if body.get("verb") != "remove" and any(row["external_id"] == name for row in rows):
            world.receiver.failures.insert(0, CRASHED)

    world.destination.concurrency = 1
    world.receiver.while_sending = look


def test_a_job_is_asked_about_again_and_never_started_twice(world: World) -> None:
    world.destination.as_jobs = True
    world.receiver.polls_until_done = 3
    world.receiver.job_failures = [CRASHED, CRASHED]
    world.arrange(person("a"), person("b"))
    result = world.run()
    assert (result.status, result.added, result.pending) == ("succeeded", 2, 0)
    assert len(world.receiver.jobs) == 1


def test_a_job_that_takes_longer_than_the_run_is_asked_about_by_the_next(world: World) -> None:
    from cdp_cli.activation.engine import run_sync

    world.destination.as_jobs = True
    world.receiver.polls_until_done = 10**9
    world.arrange(person("a"), person("b"))
    pace = Pace(job_patience=0.05)
    first = run_sync(world.settings, world.sync, world.destination, pace=pace)
    assert (first.status, first.added, first.pending) == ("succeeded", 0, 2)
    assert world.plan().added == 0

    world.receiver.polls_until_done = 1
    for job in world.receiver.jobs.values():
        job["polls"] = 0
    later = world.run()
    assert (later.added, later.pending, len(world.receiver.jobs)) == (2, 0, 1)
    assert set(world.receiver.objects) == {"a", "b"}


def test_who_withdraws_while_a_job_is_under_way_is_removed(world: World) -> None:
    from cdp_cli.activation.engine import run_sync

    world.destination.as_jobs = True
    world.receiver.polls_until_done = 10**9
    world.arrange(person("a"), person("b"))
    run_sync(world.settings, world.sync, world.destination, pace=Pace(job_patience=0.05))

    world.receiver.polls_until_done = 1
    for job in world.receiver.jobs.values():
        job["polls"] = 0
    world.destination.as_jobs = False
    world.arrange(person("a"), person("b"), without_consent=("b",))
    # The job puts her there after her removal was answered, so she is removed once more.
    assert world.run().removed == 2
    assert set(world.receiver.objects) == {"a"}
    assert world.run().requests == 0


def test_a_job_that_the_destination_lost_is_planned_anew(world: World) -> None:
    world.destination.as_jobs = True
    world.destination.kind = Idempotency.UPSERT
    world.receiver.keyed = False
    world.receiver.job_failures = [("before", 404, {})]
    world.arrange(person("a"))
    assert (world.run().added, len(world.receiver.jobs)) == (1, 2)
