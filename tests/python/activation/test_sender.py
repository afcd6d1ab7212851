"""What each answer of a destination leads to."""

from __future__ import annotations

import threading
import time

import pytest

from cdp_cli.activation.engine import run_sync
from cdp_cli.activation.trials import Pace
from cdp_cli.destinations.base import Idempotency
from cdp_cli.errors import CheckDestination, TryAgain

from .conftest import World, person
from .double import BUSY, CUT_AFTER, CUT_BEFORE, REFUSED, UNAUTHORISED


def people(count: int) -> list[dict[str, str]]:
    return [person(f"p{number:02}") for number in range(count)]


def applied_at_most_once(world: World) -> bool:
    return all(times == 1 for times in world.receiver.applied.values())


def test_a_rejected_row_comes_again_by_itself(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.receiver.refuses = lambda row: "bounced" if row["external_id"] == "b" else None
    result = world.run()
    assert (result.status, result.added, result.rejected) == ("partial", 1, 1)
    assert isinstance(result.error, CheckDestination)
    assert "rejected 1 rows, the first because: bounced" in result.error.problem

    world.receiver.accept_everything()
    assert (world.run().added, set(world.receiver.objects)) == (1, {"a", "b"})


def test_a_busy_destination_is_asked_again_never_sooner_than_it_says(world: World) -> None:
    world.arrange(person("a"))
    world.receiver.failures = [("before", 503, {"Retry-After": "7"}), ("before", 429, {"Retry-After": "3"})]
    result = world.run()
    assert (result.status, result.added, result.requests) == ("succeeded", 1, 3)
    assert world.slept == [7 + 0.5, 3 + 1.0]
    assert len({request["key"] for request in world.receiver.requests}) == 1
    assert [request["attempt"] for request in world.receiver.requests] == [1, 2, 3]


def test_backoff_doubles_up_to_its_cap_with_full_jitter() -> None:
    pace = Pace(base_seconds=1, cap_seconds=10, draw=lambda: 0.5)
    assert [pace.pause(attempt, None) for attempt in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]
    drawn = {Pace(cap_seconds=8, base_seconds=8).pause(1, None)}
    assert all(0 <= pause <= 8 for pause in drawn)


def test_attempts_are_capped_and_the_rest_waits_for_the_next_run(world: World) -> None:
    world.arrange(*people(9))
    world.destination.concurrency = 1
    world.receiver.failures = [BUSY] * 6
    result = world.run()
    assert (result.status, result.added, result.in_doubt, result.requests) == ("failed", 0, 0, 6)
    assert result.error is not None and "accepts nothing now" in result.error.problem
    assert world.run().added == 9
    assert applied_at_most_once(world)


def test_who_asks_for_too_much_patience_is_asked_at_the_next_run(world: World) -> None:
    world.arrange(person("a"))
    world.receiver.failures = [("before", 503, {"Retry-After": "3600"})]
    assert (world.run().status, world.slept) == ("failed", [])
    assert world.run().added == 1


def test_a_refused_batch_is_halved_until_the_bad_row_stands_alone(world: World) -> None:
    world.destination.rows = 16
    world.arrange(*people(16))
    world.receiver.chokes_on = lambda row: row["external_id"] == "p05"
    result = world.run()
    assert (result.status, result.added, result.rejected) == ("partial", 15, 1)
    keys = [request["key"] for request in world.receiver.requests]
    assert len(set(keys)) == len(keys) == 9
    assert applied_at_most_once(world)
    assert world.run().rejected == 1


def test_a_batch_too_large_for_the_destination_is_halved(world: World) -> None:
    world.destination.rows = 10
    world.receiver.largest = 3
    world.arrange(*people(10))
    assert world.run().added == 10


def test_a_batch_refused_for_good_rejects_its_rows(world: World) -> None:
    world.arrange(*people(3))
    world.receiver.failures = [REFUSED]
    result = world.run()
    assert (result.rejected, result.added) == (3, 0)
    assert world.run().added == 3


def test_a_refused_key_stops_the_run_and_leaves_nothing_in_doubt(world: World) -> None:
    world.arrange(*people(9))
    world.destination.concurrency = 1
    world.receiver.failures = [UNAUTHORISED]
    result = world.run()
    assert (result.status, result.requests, result.in_doubt) == ("failed", 1, 0)
    assert result.error is not None and result.error.remedy == "Renew it."
    assert world.run().added == 9


def test_an_unreachable_destination_loses_nothing(world: World) -> None:
    world.arrange(*people(3))
    world.destination.unreachable = True
    assert world.run().status == "failed"
    world.destination.unreachable = False
    assert world.run().added == 3


@pytest.mark.parametrize("cut", [CUT_BEFORE, CUT_AFTER])
def test_a_cut_answer_is_sent_again_under_its_key(world: World, cut: tuple[str, int, dict[str, str]]) -> None:
    world.arrange(*people(3))
    world.receiver.failures = [cut]
    result = world.run()
    assert (result.status, result.added, result.requests) == ("succeeded", 3, 2)
    assert applied_at_most_once(world)


@pytest.mark.parametrize("cut", [CUT_BEFORE, CUT_AFTER])
def test_where_the_destination_can_say_it_is_asked(
    world: World, cut: tuple[str, int, dict[str, str]]
) -> None:
    world.spec["mode"] = "create"
    world.destination.kind = Idempotency.READBACK
    world.receiver.keyed = False
    world.arrange(*people(3))
    world.receiver.failures = [cut]
    assert world.run().added == 3
    assert applied_at_most_once(world)


def test_where_it_cannot_say_the_rows_are_held_and_a_person_decides(world: World) -> None:
    world.spec |= {"mode": "append", "key": "event_id"}
    world.destination.match_fields = ["event_id"]
    world.destination.kind = Idempotency.APPEND_ONLY
    world.destination.concurrency = 1
    world.receiver.keyed = False
    world.arrange(*({"profile_id": "a", "event_id": f"e{number}"} for number in range(6)))
    world.receiver.failures = [CUT_AFTER]
    first = world.run()
    assert (first.status, first.in_doubt, first.added) == ("partial", 3, 3)

    held = world.run()
    assert (held.in_doubt, held.added, held.requests) == (3, 0, 0)
    assert held.error is not None and "--resolve-doubt applied" in held.error.remedy
    assert (world.ledger_dir / "crm__people.outbox.duckdb").exists()

    told = world.run(doubt_was_applied=True)
    assert (told.status, told.in_doubt, told.requests) == ("succeeded", 0, 0)
    assert applied_at_most_once(world)
    assert len(world.receiver.events) == 6
    assert not (world.ledger_dir / "crm__people.outbox.duckdb").exists()


def test_held_rows_that_did_not_arrive_are_sent_again(world: World) -> None:
    world.spec |= {"mode": "append", "key": "event_id"}
    world.destination.match_fields = ["event_id"]
    world.destination.kind = Idempotency.APPEND_ONLY
    world.arrange({"profile_id": "a", "event_id": "e1"})
    world.receiver.failures = [CUT_BEFORE]
    world.run()
    assert world.run(doubt_was_applied=False).added == 1
    assert len(world.receiver.events) == 1


def test_who_withdraws_while_a_batch_is_in_doubt_is_not_sent_again_but_removed(world: World) -> None:
    world.destination.kind = Idempotency.UPSERT
    world.receiver.keyed = False
    world.arrange(person("a"), person("b"))
    world.receiver.failures = [CUT_AFTER] + [CUT_BEFORE] * 5
    assert world.run().in_doubt == 2
    assert set(world.receiver.objects) == {"a", "b"}
    sent_before = len(world.receiver.requests)

    world.arrange(person("a"), person("b"), without_consent=("b",))
    result = world.run()
    assert (result.status, result.changed, result.removed) == ("succeeded", 1, 1)
    assert set(world.receiver.objects) == {"a"}
    later = world.receiver.requests[sent_before:]
    assert all(
        row["external_id"] != "b"
        for request in later
        if request["verb"] == "upsert"
        for row in request["rows"]
    )


def test_no_more_requests_are_under_way_than_the_destination_allows(world: World) -> None:
    world.destination.rows = 1
    world.destination.concurrency = 3
    world.receiver.delay = 0.02
    world.arrange(*people(12))
    world.run()
    assert world.receiver.most_at_once == 3


def test_a_run_is_closed_at_the_destination_once_all_is_answered(world: World) -> None:
    world.arrange(person("a"))
    world.receiver.failures = [BUSY] * 6
    world.run()
    assert world.receiver.finished == []
    world.run()
    assert len(world.receiver.finished) == 2
    world.run()
    assert len(world.receiver.finished) == 2


def test_an_interrupted_run_answers_what_it_sent_and_sends_nothing_more(world: World) -> None:
    world.destination.rows = 1
    world.destination.concurrency = 2
    world.arrange(*people(20))
    stopping = threading.Event()
    world.receiver.while_sending = lambda body: stopping.set() if len(world.receiver.requests) > 4 else None
    result = run_sync(world.settings, world.sync, world.destination, pace=Pace(stopping=stopping))
    assert isinstance(result.error, TryAgain)
    assert (result.in_doubt, result.added) == (0, len(world.receiver.objects))
    assert 4 < result.added < 10
    assert world.run().added == 20 - result.added
    assert applied_at_most_once(world)


def test_an_interruption_ends_a_wait(world: World) -> None:
    world.arrange(person("a"))
    world.receiver.failures = [("before", 503, {"Retry-After": "60"})]
    stopping = threading.Event()
    threading.Timer(0.5, stopping.set).start()
    began = time.monotonic()
    run_sync(world.settings, world.sync, world.destination, pace=Pace(stopping=stopping))
    assert time.monotonic() - began < 10


def test_backoff_is_a_real_wait(world: World) -> None:
    world.arrange(person("a"))
    world.receiver.failures = [("before", 503, {"Retry-After": "0.3"})]
    began = time.monotonic()
    run_sync(world.settings, world.sync, world.destination, pace=Pace(base_seconds=0.01))
    first, second = (request["at"] for request in world.receiver.requests)
    assert second - first >= 0.3
    assert time.monotonic() - began < 10
