"""Runs several syncs at once, each contained: none delays, stops or interrupts another."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from cdp_cli import console
from cdp_cli.activation.engine import SyncResult
from cdp_cli.errors import CdpError, place_of

AT_ONCE = 4

_log = logging.getLogger(__name__)


def run_at_once(
    lanes: Iterable[Sequence[str]], run: Callable[[str, threading.Event], SyncResult]
) -> dict[str, SyncResult]:
    """Run each sync and return the results by name: lanes at once, the syncs of a lane in their order.

    If the command is interrupted, the event that `run` is given is set, syncs that have not begun are left
    out, and KeyboardInterrupt is raised when the others have ended.
    """
    stopping = threading.Event()
    results: dict[str, SyncResult] = {}
    with _progress() as doing:

        def run_lane(names: Sequence[str]) -> None:
            for name in names:
                if not stopping.is_set():
                    with doing(name):
                        results[name] = contained(name, lambda: run(name, stopping))  # noqa: B023

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sync") as pool:
            try:
                for lane in [pool.submit(run_lane, names) for names in lanes]:
                    lane.result()
            except BaseException:
                stopping.set()
                console.note("Stopping: waiting for the answers to what was sent.")
                raise
    return results


def contained(name: str, run: Callable[[], SyncResult]) -> SyncResult:
    """The result of one sync. Whatever it raises is in it: an error of ours, or a bug by its class and place.

    What an unexpected exception says may hold data, so it is neither shown nor logged.
    """
    try:
        return run()
    except CdpError as error:
        return SyncResult(name, "failed", error=error)
    except Exception as bug:
        frames = "".join(traceback.format_tb(bug.__traceback__)[-20:])
        _log.debug("sync %s hit a bug: %s\n%s", name, type(bug).__name__, frames)
        unexpected = CdpError(
            f"Sync {name} hit a bug: {type(bug).__name__} at {place_of(bug)}.",
            f"Run `cdp --verbose sync {name}` and report what it prints.",
        )
        return SyncResult(name, "failed", error=unexpected)


@contextmanager
def _progress() -> Iterator[Callable[[str], Any]]:
    """One line on the terminal that names the syncs under way."""
    running: dict[str, None] = {}
    lock = threading.Lock()
    with console.progress("Sending") as tell:

        @contextmanager
        def doing(name: str) -> Iterator[None]:
            with lock:
                running[name] = None
                tell(f"Sending {', '.join(running)}")
            try:
                yield
            finally:
                with lock:
                    del running[name]
                    tell(f"Sending {', '.join(running)}")

        yield doing
