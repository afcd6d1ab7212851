"""Whoever withdraws while a run sends is not sent any more: consent is read again before each batch."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import duckdb
import pytest

from cdp_cli.activation.engine import run_sync
from cdp_cli.activation.trials import Pace
from cdp_cli.destinations.base import Idempotency
from cdp_cli.errors import TryAgain

from .conftest import World, person
from .double import CUT_AFTER, Failure


def withdraw(world: World, *names: str) -> None:
    """In another process, as a consent source would: one process opens a file in one way only."""
    marks = ", ".join(f"'{name}'" for name in names)
    sql = f"update profiles.profile_consents set state = 'withdrawn' where profile_id in ({marks})"
    code = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])"
    subprocess.run(
        [sys.executable, "-c", code, str(world.folder / "warehouse.duckdb"), sql],
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("kind", [Idempotency.KEYED, Idempotency.UPSERT, Idempotency.APPEND_ONLY])
@pytest.mark.parametrize("width", [1, 4])
def test_after_everybody_withdrew_nothing_more_is_begun(world: World, kind: Idempotency, width: int) -> None:
    world.destination.kind = kind
    world.destination.rows = 1
    world.destination.concurrency = width
    names = [f"p{number:02}" for number in range(40)]
    world.arrange(*map(person, names))
    first, done = threading.Lock(), threading.Event()

    def look(body: dict[str, Any]) -> None:
        if body.get("verb") == "upsert" and len(world.receiver.requests) >= 8:
            if first.acquire(blocking=False):
                withdraw(world, *names)
                done.set()
            done.wait(30)

    world.receiver.while_sending = look
    world.run()
    sent = {row["external_id"] for body in world.receiver.requests for row in body["rows"]}
    assert len(sent) <= 8 + 2 * width
    world.receiver.while_sending = lambda body: None
    assert world.run().status == "succeeded"
    assert world.receiver.objects == {}


def test_who_withdraws_while_the_destination_is_busy_is_not_sent_after_the_wait(world: World) -> None:
    world.arrange(person("a"), person("b"))
    busy: Failure = ("before", 503, {"Retry-After": "0.2"})
    world.receiver.failures = [busy]

    def look(body: dict[str, Any]) -> None:
        if not world.receiver.requests:
            withdraw(world, "b")

    world.receiver.while_sending = look
    run_sync(world.settings, world.sync, world.destination, pace=Pace(base_seconds=0.01))
    assert [[row["external_id"] for row in body["rows"]] for body in world.receiver.requests] == [
        ["a", "b"],
        ["a"],
    ]
    assert set(world.receiver.objects) == {"a"}


def test_who_withdraws_while_a_batch_is_in_doubt_is_removed(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.receiver.failures = [CUT_AFTER]

    def look(body: dict[str, Any]) -> None:
        if not world.receiver.requests:
            withdraw(world, "b")

    world.receiver.while_sending = look
    world.run()
    assert set(world.receiver.objects) == {"a", "b"}  # the answer to the first attempt was lost
    world.receiver.while_sending = lambda body: None
    assert world.run().removed == 1
    assert set(world.receiver.objects) == {"a"}


def test_a_person_who_was_erased_from_the_consent_is_kept_back_too(world: World) -> None:
    world.destination.rows = 1
    world.destination.concurrency = 1
    world.arrange(person("a"), person("b"))

    def look(body: dict[str, Any]) -> None:
        if not world.receiver.requests:
            world.warehouse("delete from profiles.profile_consents where profile_id = 'b'")

    world.receiver.while_sending = look
    world.run()
    assert set(world.receiver.objects) == {"a"}


def test_what_cannot_be_read_again_is_not_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdp_cli.activation.fence._WAIT_SECONDS", 0.2)
    world.destination.rows = 1
    world.destination.concurrency = 1
    world.arrange(person("a"), person("b"))
    holding: list[Any] = []

    def look(body: dict[str, Any]) -> None:
        if not world.receiver.requests:
            holding.append(hold(world))

    world.receiver.while_sending = look
    try:
        result = world.run()
    finally:
        for child in holding:
            child.kill()
            child.wait()
    assert isinstance(result.error, TryAgain)
    assert "consent cannot be read again" in result.error.problem
    assert set(world.receiver.objects) == {"a"}
    world.receiver.while_sending = lambda body: None
    assert world.run().added == 1


def hold(world: World) -> Any:
    """Another process that writes to the warehouse and keeps it."""
    code = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); c.execute('create table other (x int)'); "
        "c.execute('checkpoint'); print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(world.folder / "warehouse.duckdb")], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def test_a_removal_needs_no_consent(world: World) -> None:
    world.arrange(person("a"), person("b"))
    world.run()
    world.arrange(person("a"))
    with duckdb.connect(str(world.folder / "warehouse.duckdb")) as connection:
        connection.execute("update profiles.profile_consents set state = 'withdrawn'")
    assert world.run(accepted={"accept-removals"}).removed == 2
