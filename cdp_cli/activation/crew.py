"""Threads that talk to a destination: batches go in, answers come out. They never touch the ledger."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from cdp_cli.activation.fence import Fence
from cdp_cli.activation.trials import Trial
from cdp_cli.destinations.base import Answer, Batch, Destination, Idempotency, InDoubt
from cdp_cli.errors import CdpError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Given:
    """A batch to be sent: the outbox's numbers of its rows, and the state of consent that they passed."""

    trial: Trial
    numbers: Sequence[int]
    batch: Batch
    token: object


@dataclass(frozen=True)
class Answered:
    """The answer to one attempt; None if it was not made, because consent has to be read again first."""

    trial: Trial
    numbers: Sequence[int]
    answer: Answer | CdpError | None


class Crew:
    """As many threads as the destination takes requests at once."""

    def __init__(self, destination: Destination, fence: Fence | None, width: int) -> None:
        self._destination = destination
        self._fence = fence
        self._work: queue.SimpleQueue[Given | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Answered | BaseException] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, daemon=True, name=f"sync-{n}") for n in range(width)
        ]

    def __enter__(self) -> Crew:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._threads:
            self._work.put(None)
        if error is None:
            for thread in self._threads:
                thread.join()

    def give(self, given: Given) -> None:
        """Have a batch sent, or asked about if it kept something of a job."""
        self._work.put(given)

    def answer(self, seconds: float | None) -> Answered | None:
        """The next answer; None if there is none within so many seconds."""
        try:
            found = self._done.get(timeout=seconds) if seconds is not None else self._done.get()
        except queue.Empty:
            return None
        if isinstance(found, BaseException):
            raise found
        return found

    def _run(self) -> None:
        while (given := self._work.get()) is not None:
            try:
                self._done.put(Answered(given.trial, given.numbers, self._ask(given)))
            except BaseException as error:
                self._done.put(error)

    def _ask(self, given: Given) -> Answer | CdpError | None:
        destination, trial, batch = self._destination, given.trial, given.batch
        try:
            if batch.kept:
                return destination.resume(batch)
            if self._fence is not None and self._fence.has_moved(given.token):
                return None
            if trial.doubtful and destination.idempotency(batch.verb) is Idempotency.READBACK:
                return destination.read_back(batch)
            return destination.send(batch)
        except CdpError as problem:
            return problem
        except Exception as error:
            # Whatever an answer does to us concerns its batch alone.
            _log.debug("batch %s", batch.batch_id, exc_info=True)
            return InDoubt(f"the answer cannot be read ({type(error).__name__})")
