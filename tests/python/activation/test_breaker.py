"""A destination that takes nothing costs few requests, and is told from one that refuses some rows."""

from __future__ import annotations

import pytest

from cdp_cli.activation.breaker import Breaker
from cdp_cli.activation.ledger import FrozenBatch, Settled
from cdp_cli.destinations.base import Verb
from cdp_cli.errors import CheckDestination

from .conftest import World, person
from .double import CUT_BEFORE


def people(count: int) -> list[dict[str, str]]:
    return [person(f"p{number:04}") for number in range(count)]


def test_a_schema_change_at_the_destination_does_not_cost_a_request_a_row(world: World) -> None:
    world.destination.rows = 1000
    world.arrange(*people(1000))
    world.receiver.chokes_on = lambda row: True
    result = world.run()
    assert (result.status, result.added, result.in_doubt) == ("failed", 0, 0)
    assert isinstance(result.error, CheckDestination)
    assert "takes nothing" in result.error.problem
    assert "all with: something in it is wrong" in result.error.problem
    assert result.requests <= 40

    world.receiver.accept_everything()
    assert world.run().added == 1000


@pytest.mark.parametrize("share", [3, 10, 100])
def test_single_bad_rows_are_found_however_many(world: World, share: int) -> None:
    world.destination.rows = 300
    world.arrange(*people(300))
    world.receiver.chokes_on = lambda row: int(row["external_id"][1:]) % share == 0
    result = world.run()
    bad = len(range(0, 300, share))
    assert (result.added, result.rejected) == (300 - bad, bad)


def test_bad_rows_that_stand_together_do_not_stop_the_good_ones(world: World) -> None:
    world.destination.rows = 300
    world.arrange(*people(300))
    world.receiver.chokes_on = lambda row: int(row["external_id"][1:]) < 60
    assert world.run().added == 240


def test_a_destination_that_stays_silent_ends_the_run(world: World) -> None:
    world.destination.rows = 1
    world.destination.concurrency = 1
    world.arrange(*people(50))
    world.receiver.failures = [CUT_BEFORE] * 1000
    result = world.run()
    assert (result.status, result.in_doubt, result.requests) == ("failed", 3, 18)
    assert result.error is not None and "gave no answer" in result.error.problem


def test_one_acceptance_clears_the_destination() -> None:
    breaker = Breaker()
    batch = FrozenBatch("r", Verb.UPSERT, 0, 2)
    assert breaker.note(Settled(batch, "accepted")) is None
    assert all(breaker.note(Settled(batch, "refused", "no")) is None for _ in range(1000))
    assert not breaker.is_wary
