"""Sends frozen batches with bounded concurrency and retries, and writes every step to the ledger first.

Threads only talk to the destination. Only the thread that calls `send_all` uses the ledger.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from cdp_cli.activation.ledger import FrozenBatch, Ledger, Settled
from cdp_cli.destinations.base import (
    Accepted,
    Answer,
    Batch,
    Destination,
    Idempotency,
    InDoubt,
    Refused,
    Retry,
    Split,
    Verb,
)
from cdp_cli.errors import CheckDestination
from cdp_cli.log import masked

_NAMESPACE = uuid.UUID("5f0c4c1e-6a3e-5d0a-9a3a-3f2f8d9f7c11")
_REASON_LENGTH = 300


@dataclass(frozen=True)
class Pace:
    """How long to wait before a batch is sent again, and how often.

    Exponential backoff with full jitter on top of Retry-After, which is a lower bound. If the pause would be
    longer than `patience` seconds, the batch waits for the next run.
    """

    attempts: int = 6
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    patience: float = 120.0
    draw: Callable[[], float] = field(default_factory=lambda: random.Random(0).random)
    sleep: Callable[[float], None] | None = None  # by default a wait that ends if the run stops

    def pause(self, attempt: int, after: float | None) -> float:
        """Seconds to wait after the attempt of this number failed."""
        return (after or 0.0) + self.draw() * min(self.cap_seconds, self.base_seconds * 2.0 ** (attempt - 1))


@dataclass(frozen=True)
class Sent:
    """The outcome of a set of batches: the number of requests, and the reason for an early stop, if any."""

    requests: int
    stopped: CheckDestination | None = None


@dataclass(frozen=True)
class _Delivered:
    answer: Answer | CheckDestination
    doubtful: bool
    requests: int


def freeze_batches(run_id: str, verb: Verb, ranges: Iterable[tuple[int, int]]) -> list[FrozenBatch]:
    """Batches over ranges of the outbox; the key of each depends on the run and the range alone."""
    return [_batch(run_id, verb, first_row, end_row) for first_row, end_row in ranges]


def send_all(ledger: Ledger, destination: Destination, batches: Iterable[FrozenBatch], pace: Pace) -> Sent:
    """Send the batches and write each answer down.

    Stops early, with the reason, if the destination no longer answers. Batches that were not begun are
    planned again by the next run, and batches without an answer are in doubt. Halves of a split batch are
    sent like any other batch.
    """
    waiting = deque(batches)
    running: dict[Future[_Delivered], FrozenBatch] = {}
    stopping = threading.Event()
    requests = 0
    stopped: CheckDestination | None = None
    settled: list[Settled] = []
    width = max(1, min((destination.limits(batch.verb).concurrency for batch in waiting), default=1))
    with ThreadPoolExecutor(max_workers=width) as pool:
        try:
            while waiting or running or settled:
                ready = (
                    []
                    if stopped
                    else [waiting.popleft() for _ in range(min(width - len(running), len(waiting)))]
                )
                if settled or ready:
                    with ledger.transaction():
                        ledger.settle(settled)
                        ledger.mark_in_flight(ready)
                    settled = []
                for batch in ready:
                    rows = ledger.outbox.bodies(batch.first_row, batch.end_row)
                    running[pool.submit(_deliver, destination, batch, rows, pace, stopping)] = batch
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    batch = running.pop(future)
                    delivered = future.result()
                    requests += delivered.requests
                    one = _settle(batch, delivered)
                    settled.append(one)
                    waiting.extend(one.halves)
                    if one.status in ("unsent", "in_doubt") and stopped is None:
                        stopped = _why_stopped(delivered.answer)
                        stopping.set()
        except BaseException:
            stopping.set()
            raise
    return Sent(requests, stopped)


def read_back(
    ledger: Ledger, destination: Destination, frozen: FrozenBatch
) -> tuple[Settled, CheckDestination | None]:
    """Ask whether a batch in doubt was applied, and send nothing; with the reason if there is no answer."""
    rows = ledger.outbox.bodies(frozen.first_row, frozen.end_row)
    try:
        answer: Answer | CheckDestination = destination.read_back(
            Batch(frozen.batch_id, frozen.idempotency_key, frozen.verb, "\n".join(rows))
        )
    except CheckDestination as problem:
        answer = problem
    unknown = isinstance(answer, (InDoubt, CheckDestination))
    settled = _settle(frozen, _Delivered(answer, unknown, 1))
    if settled.status == "split":
        # It took none of the batch: the next plan makes new batches.
        settled = Settled(frozen, "unsent", settled.reason)
    return settled, _why_stopped(answer) if unknown else None


def _deliver(
    destination: Destination, frozen: FrozenBatch, rows: list[str], pace: Pace, stopping: threading.Event
) -> _Delivered:
    """Send one batch until it is answered, as often as its idempotency and the pace allow."""
    kind = destination.idempotency(frozen.verb)
    batch = Batch(frozen.batch_id, frozen.idempotency_key, frozen.verb, "\n".join(rows))
    doubtful = frozen.doubtful
    requests = 0
    while True:
        requests += 1
        try:
            asks = doubtful and kind is Idempotency.READBACK
            answer = destination.read_back(batch) if asks else destination.send(batch)
        except CheckDestination as problem:
            return _Delivered(problem, doubtful, requests)
        if isinstance(answer, InDoubt):
            doubtful = True
            if kind is Idempotency.APPEND_ONLY:
                return _Delivered(answer, doubtful, requests)
        elif isinstance(answer, Retry):
            # The destination has not applied it, so it may be sent again.
            doubtful = doubtful and not asks
        else:
            return _Delivered(answer, doubtful, requests)
        pause = pace.pause(batch.attempt, answer.after)
        if batch.attempt >= pace.attempts or pause > pace.patience or stopping.is_set():
            return _Delivered(answer, doubtful, requests)
        (pace.sleep or stopping.wait)(pause)
        if stopping.is_set():
            return _Delivered(answer, doubtful, requests)
        batch = replace(batch, attempt=batch.attempt + 1)


def _settle(batch: FrozenBatch, delivered: _Delivered) -> Settled:
    answer = delivered.answer
    if isinstance(answer, Accepted):
        rejected = sorted(answer.rejected.items())
        return Settled(
            batch,
            "accepted",
            rejected=tuple((batch.first_row + at, _short(reason)) for at, reason in rejected),
        )
    if isinstance(answer, Refused) or (isinstance(answer, Split) and batch.size == 1):
        return Settled(batch, "refused", _short(answer.reason))
    if isinstance(answer, Split):
        middle = batch.first_row + batch.size // 2
        halves = (
            _batch(batch.run_id, batch.verb, batch.first_row, middle),
            _batch(batch.run_id, batch.verb, middle, batch.end_row),
        )
        return Settled(batch, "split", _short(answer.reason), halves=halves)
    reason = answer.problem if isinstance(answer, CheckDestination) else answer.reason
    return Settled(batch, "in_doubt" if delivered.doubtful else "unsent", _short(reason))


def _batch(run_id: str, verb: Verb, first_row: int, end_row: int) -> FrozenBatch:
    batch_id = f"{run_id}-{first_row}-{end_row}"
    return FrozenBatch(batch_id, str(uuid.uuid5(_NAMESPACE, batch_id)), run_id, verb, first_row, end_row)


def _why_stopped(answer: Answer | CheckDestination) -> CheckDestination:
    if isinstance(answer, CheckDestination):
        return answer
    if isinstance(answer, Retry):
        return CheckDestination(
            f"The destination accepts nothing now: {_short(answer.reason)}.",
            "The next sync sends the rest.",
        )
    reason = answer.reason if isinstance(answer, InDoubt) else "no answer"
    return CheckDestination(
        f"The destination gave no answer: {_short(reason)}.",
        "Run `cdp sync` again; it settles what has no answer first.",
    )


def _short(reason: str) -> str:
    return masked(reason).rstrip(".")[:_REASON_LENGTH]
