"""The destination of the faults: the tests' own, which also counts what changed it and kills its client."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.python.activation.double import Failure, Receiver

_QUIET_LOOKS = 3
Hook = Callable[[str], None]


class Watched(Receiver):
    """A receiver that notes changes. `before` and `after` are called around each request that applies rows.

    `changes` counts, by verb and row, how often the row changed what the receiver holds. A row that is sent
    again and finds itself there has changed nothing.
    """

    def __init__(self, keyed: bool = True) -> None:
        self.changes: Counter[tuple[str, str]] = Counter()
        self.before: Hook = lambda path: None
        self.after: Hook = lambda path: None
        self.draw_failure: Callable[[], Failure | None] = lambda: None
        super().__init__(keyed)
        # A client that is killed is no error of the server's.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]

    def twice(self) -> int:
        """Rows that changed the receiver more than once, or were applied so though it drops repeated keys."""
        counted = self.applied if self.keyed else self.changes
        return sum(times > 1 for times in counted.values())

    def rest(self) -> None:
        """Wait until it handles nothing any more: a request outlives the client that was killed."""
        quiet = 0
        while quiet < _QUIET_LOOKS:
            time.sleep(0.005)
            quiet = 0 if self._at_once else quiet + 1

    def forget(self) -> None:
        """Forget what was applied, so that memory does not grow with the number of turns."""
        self.applied.clear()
        self.changes.clear()
        self.requests.clear()

    def _take(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any]]:
        self.before(path)
        if path == "/batch" and (failure := self.draw_failure()):
            self.failures.append(failure)
        answer = super()._take(path, body)
        self.after(path)
        return answer

    def _apply(self, verb: str, row: dict[str, Any]) -> None:
        before = json.dumps([self.objects, len(self.events)], sort_keys=True)
        super()._apply(verb, row)
        if json.dumps([self.objects, len(self.events)], sort_keys=True) != before:
            self.changes[verb, json.dumps(row, sort_keys=True)] += 1


def kill_at(receiver: Watched, number: int, *, after: bool, pid: Callable[[], int]) -> None:
    """Kill the client as its request of this number comes, from 1, before or after it is applied. Once."""
    count = 0

    def hook(path: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            kill(pid())

    receiver.before = receiver.after = lambda path: None
    if after:
        receiver.after = hook
    else:
        receiver.before = hook


def kill(pid: int) -> None:
    """SIGKILL, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def some_failures(share: float, draw: random.Random, kinds: list[Failure]) -> Callable[[], Failure | None]:
    """Fails that share of the requests, each in one of these ways."""
    return lambda: draw.choice(kinds) if draw.random() < share else None
