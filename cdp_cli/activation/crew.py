"""Threads that talk to a destination: batches go in, answers come out. They never touch the ledger."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from cdp_cli.activation.fence import Fence
from cdp_cli.activation.trials import Pace, Trial
from cdp_cli.destinations.base import Accepted, Answer, Batch, Destination, Idempotency, InDoubt, Pending
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
    """The answer to one attempt; None if it was not made, because it has to be looked at again first."""

    trial: Trial
    numbers: Sequence[int]
    answer: Answer | CdpError | None


class Crew:
    """As many threads as the destination takes requests at once."""

    def __init__(self, destination: Destination, fence: Fence | None, width: int, pace: Pace) -> None:
        self._destination = destination
        self._pace = pace
        self._fence = fence
        self._work: queue.SimpleQueue[Sequence[Given] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[list[Answered] | BaseException] = queue.SimpleQueue()
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

    def give(self, given: Sequence[Given]) -> None:
        """Have one thread send these batches, one after the other, or ask about those that kept something.

        Small batches go together, because handing over costs as much as sending one.
        """
        self._work.put(given)

    def answers(self, seconds: float) -> list[Answered] | None:
        """The answers to what was given at once; None if there are none within so many seconds."""
        try:
            found = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(found, BaseException):
            raise found
        return found

    def _run(self) -> None:
        while (given := self._work.get()) is not None:
            try:
                self._done.put(self._send(given))
            except BaseException as error:
                self._done.put(error)

    def _send(self, given: Sequence[Given]) -> list[Answered]:
        """The answers, as long as each is a good one and nobody stops us: the rest comes back as it was."""
        answered: list[Answered] = []
        goes_on = True
        for one in given:
            answer = self._ask(one) if goes_on else None
            goes_on = isinstance(answer, (Accepted, Pending)) and not self._pace.is_over
            answered.append(Answered(one.trial, one.numbers, answer))
        return answered

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
