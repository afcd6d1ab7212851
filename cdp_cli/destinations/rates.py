"""Rate windows: all windows of a limit apply, shared by all syncs of one account in this process."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

# The longest sleep on the caller's thread. If more is needed, the engine is told when to try again.
PATIENCE_SECONDS = 90.0


class RateLimit:
    """The windows of one limit of one account, as (requests, seconds); sliding, so stricter than fixed."""

    def __init__(self, windows: Sequence[tuple[int, float]]) -> None:
        self._windows = list(windows)
        self._sent: deque[float] = deque()
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Take the next free place and return the seconds until it. Not taken beyond PATIENCE_SECONDS."""
        with self._lock:
            start = max(now, self._paused_until)
            for count, seconds in self._windows:
                # The request `count` places before ours must have left the window by then.
                if len(self._sent) >= count:
                    start = max(start, self._sent[-count] + seconds)
            if start - now <= PATIENCE_SECONDS and self._windows:
                self._sent.append(start)
                longest = max(seconds for _, seconds in self._windows)
                while self._sent and self._sent[0] < now - longest:
                    self._sent.popleft()
            return start - now

    def pause(self, seconds: float, now: float) -> None:
        """Let no request be sent for `seconds`, as the destination asked."""
        with self._lock:
            self._paused_until = max(self._paused_until, now + seconds)

    def wait(self) -> float | None:
        """Sleep until we may send; if that takes too long, return the seconds instead."""
        seconds = self.reserve(time.monotonic())
        if seconds > PATIENCE_SECONDS:
            return seconds
        if seconds > 0:
            time.sleep(seconds)
        return None


_shared: dict[tuple[str, str], RateLimit] = {}
_shared_lock = threading.Lock()


def shared(account: str, name: str, windows: Sequence[tuple[int, float]]) -> RateLimit:
    """The one limit of that name for that account in this process."""
    with _shared_lock:
        return _shared.setdefault((account, name), RateLimit(windows))
