"""Several syncs at once: their order, what a failure means to the others, what an interruption does."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import duckdb
import pytest

from cdp_cli.activation.engine import SyncResult
from cdp_cli.commands._at_once import AT_ONCE, contained, run_at_once
from cdp_cli.errors import CdpError, TryAgain
from tests.python.destinations.conftest import open_object, receiver, settings

__all__ = ["open_object", "receiver", "settings"]


def done(name: str, stopping: threading.Event) -> SyncResult:
    return SyncResult(name, "succeeded")


def test_a_slow_sync_delays_no_other() -> None:
    ended: list[str] = []

    def run(name: str, stopping: threading.Event) -> SyncResult:
        time.sleep(1.0 if name == "a" else 0)
        ended.append(name)
        return done(name, stopping)

    results = run_at_once([["a"], ["b"], ["c", "d"], ["e"], ["f"]], run)
    assert ended[-1] == "a"
    assert ended.index("c") < ended.index("d")
    assert sorted(results) == ["a", "b", "c", "d", "e", "f"]


def test_four_run_at_once() -> None:
    together = threading.Barrier(AT_ONCE, timeout=10)
    running, most, lock = [0], [0], threading.Lock()

    def run(name: str, stopping: threading.Event) -> SyncResult:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait()
        with lock:
            running[0] -= 1
        return done(name, stopping)

    results = run_at_once([[str(number)] for number in range(2 * AT_ONCE)], run)
    assert {result.status for result in results.values()} == {"succeeded"}
    assert most[0] == AT_ONCE


def _deep(number: int = 0) -> int:
    return _deep(number + 1) + 1


def _of_duckdb() -> None:
    duckdb.connect().execute("select cast(? as integer)", ["@".join(("ana", "example.com"))])


def _without_memory() -> None:
    raise MemoryError


def _in_use() -> None:
    raise TryAgain("The warehouse is in use.", "Try again.")


@pytest.mark.parametrize(
    ("fail", "says"),
    [
        (_deep, "Sync b hit a bug: RecursionError at "),
        (_of_duckdb, "Sync b hit a bug: ConversionException at "),
        (_without_memory, "Sync b hit a bug: MemoryError at "),
        (_in_use, "The warehouse is in use."),
    ],
)
def test_a_sync_that_raises_stops_no_other(
    fail: Callable[[], object], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    def run(name: str, stopping: threading.Event) -> SyncResult:
        if name == "b":
            fail()
        return done(name, stopping)

    with caplog.at_level(logging.DEBUG, "cdp_cli"):
        results = run_at_once([["a"], ["b", "c"], ["d"]], run)
    assert {name: result.status for name, result in results.items()} == {
        "a": "succeeded", "b": "failed", "c": "succeeded", "d": "succeeded",
    }  # fmt: skip
    error = results["b"].error
    assert isinstance(error, CdpError)
    assert error.problem.startswith(says)
    assert "ana@example.com" not in str(error) + caplog.text


def test_a_bug_is_logged_with_its_frames(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("cdp_cli").propagate = True
    with caplog.at_level(logging.DEBUG, "cdp_cli"):
        contained("a", lambda: SyncResult(str(_deep()), ""))
    assert "sync a hit a bug: RecursionError" in caplog.text
    assert "in _deep" in caplog.text


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whoever starts the tests in the background has them ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_lets_the_running_end_and_begins_no_other() -> None:
    begun: list[str] = []
    ended: list[str] = []

    def run(name: str, stopping: threading.Event) -> SyncResult:
        begun.append(name)
        if len(begun) == AT_ONCE:
            os.kill(os.getpid(), signal.SIGINT)
        assert stopping.wait(10)
        ended.append(name)
        return done(name, stopping)

    with pytest.raises(KeyboardInterrupt):
        run_at_once([[f"{number}", f"{number} again"] for number in range(AT_ONCE + 1)], run)
    assert len(ended) == AT_ONCE
    assert sorted(begun) == sorted(ended)
