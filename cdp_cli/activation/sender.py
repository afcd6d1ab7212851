"""Sends batches with bounded concurrency, and writes each step down before the next.

A batch is in flight, durably, before its first byte leaves, and consent is read again right before that. The
threads of the crew only talk to the destination; only the thread that calls `send_all` uses the ledger.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdp_cli.activation.breaker import Breaker
from cdp_cli.activation.crew import Answered, Crew, Given
from cdp_cli.activation.fence import Fence
from cdp_cli.activation.ledger import Ledger, Settled
from cdp_cli.activation.trials import Again, Pace, Trial, given_up, outcome, short, why_stopped
from cdp_cli.destinations.base import Batch, Destination, Idempotency, Part, Retry
from cdp_cli.errors import CdpError, TryAgain

# What is marked as in flight in one commit. After a crash these batches are repeated or planned anew.
_SLAB_BATCHES = 256
_SLAB_ROWS = 20_000
_COMMIT_SECONDS = 0.25
# Small batches that one thread sends after each other.
_TOGETHER = 16
_TOGETHER_BYTES = 32_000


@dataclass(frozen=True)
class Sent:
    """The outcome of a set of batches: the number of requests, and the reason for an early stop, if any."""

    requests: int
    stopped: CdpError | None = None


def send_all(
    ledger: Ledger, destination: Destination, trials: Iterable[Trial], pace: Pace, fence: Fence | None
) -> Sent:
    """Send the batches, or go on with those that were begun, and write each answer down.

    Stops early, with the reason, if the destination takes nothing any more. Batches that were not begun are
    planned again by the next run, and batches without an answer are in doubt. Halves of a batch are sent
    like any other. Removals need no `fence`.
    """
    given = list(trials)
    if not given:
        return Sent(0)
    verbs = {trial.batch.verb for trial in given}
    width = max(1, min(destination.limits(verb).concurrency for verb in verbs))
    with Crew(destination, fence, width, pace) as crew:
        sending = _Sending(ledger, destination, given, pace, fence, crew, width)
        return sending.go()


class _Sending:
    def __init__(
        self,
        ledger: Ledger,
        destination: Destination,
        trials: Sequence[Trial],
        pace: Pace,
        fence: Fence | None,
        crew: Crew,
        width: int,
    ) -> None:
        self.ledger = ledger
        self.destination = destination
        self.pace = pace
        self.fence = fence
        self.crew = crew
        self.waiting: deque[Trial] = deque(trials)
        self.ready: deque[Given] = deque()  # in flight, and not with the crew yet
        self.due: list[tuple[float, int, Trial]] = []  # a heap: what is tried again, and when
        self.busy_until = 0.0  # the destination asked for a pause
        self.turn = itertools.count()
        self.under_way = 0  # threads at work
        self.settled: list[Settled] = []
        self.committed_at = time.monotonic()
        self.breaker = Breaker()
        self.requests = 0
        self.stopped: CdpError | None = None
        self.parts = _parts(trials)
        # Where a repeat is a duplicate, an answer that is not written down yet would be a doubt.
        careful = any(
            destination.idempotency(verb) is Idempotency.APPEND_ONLY
            for verb in {trial.batch.verb for trial in trials}
        )
        self.is_careful = careful
        self.slab = width if careful else _SLAB_BATCHES
        self.patience = 0.0 if careful else _COMMIT_SECONDS
        self.width = width

    def go(self) -> Sent:
        """Until everything is settled, or the run is stopped and nothing is under way."""
        while self.waiting or self.ready or self.due or self.under_way:
            if self.stopped is None and self.pace.is_over:
                self.stopped = TryAgain("The command was interrupted.", "The next sync sends the rest.")
            if self.stopped is not None:
                self._give_up()
            self._try_again()
            if self.waiting and not self.ready and self.under_way < self.width and not self._is_busy():
                self._begin()
            self._feed()
            if self.settled and time.monotonic() - self.committed_at >= self.patience:
                self._write()
            if self.under_way or self.due:
                self._listen()
        self._write()
        return Sent(self.requests, self.stopped)

    def _is_busy(self) -> bool:
        """Whether nothing new is sent: a batch is to be tried again, or the destination asked for a pause."""
        return time.monotonic() < self.busy_until or any(not trial.kept for _, _, trial in self.due)

    def _begin(self) -> None:
        """Mark the next batches as in flight, in one commit, and get their rows."""
        slab: list[Trial] = []
        rows, most = 0, self.width if self.breaker.is_wary else self.slab
        while self.waiting and len(slab) < most and rows < _SLAB_ROWS:
            # If nothing gets through, the row that fits may be anywhere: also look at the other end.
            trial = self.waiting.pop() if self.breaker.is_wary and len(slab) % 2 else self.waiting.popleft()
            slab.append(trial)
            rows += trial.batch.size
        self._make_ready(slab)

    def _feed(self) -> None:
        """Give each idle thread something, and no more: what the crew does not have can still be held."""
        while self.ready and self.under_way < self.width and not self._is_busy():
            share = 1 if self.is_careful else min(_TOGETHER, len(self.ready) // self.width)
            given = [self.ready.popleft()]
            size = len(given[0].batch.lines)
            while len(given) < share and size < _TOGETHER_BYTES:
                given.append(self.ready.popleft())
                size += len(given[-1].batch.lines)
            self.under_way += 1
            self.crew.give(given)

    def _try_again(self) -> None:
        now = time.monotonic()
        ready = []
        while self.due and self.due[0][0] <= now:
            ready.append(heapq.heappop(self.due)[2])
        if ready:
            self._make_ready(ready)

    def _make_ready(self, trials: list[Trial]) -> None:
        """Mark the batches as in flight, without the people who may not be sent now, and get their rows."""
        try:
            if self.fence is not None:
                trials = self._keep_back(self.fence, trials)
        except CdpError as problem:
            self.stopped = problem
            self.settled += [given_up(trial, problem.problem) for trial in trials]
            return
        settled, self.settled = self.settled, []
        with self.ledger.transaction():
            self.ledger.settle(settled)
            self.ledger.mark_in_flight([t.batch for t in trials if t.attempt == 1 and not t.kept])
        self.committed_at = time.monotonic()
        token = self.fence.token if self.fence is not None else None
        ready: list[Given] = []
        for group in _neighbours(trials):
            found = self.ledger.outbox.lines([trial.batch.range for trial in group])
            for trial, (numbers, lines) in zip(group, found, strict=True):
                if not lines:
                    self.settled.append(Settled(trial.batch, "accepted"))  # nobody is left in it
                    continue
                ready.append(Given(trial, numbers, self._batch(trial, lines), token))
        # What was tried before goes first.
        self.ready.extendleft(sorted(ready, key=lambda given: given.trial.batch.range, reverse=True))

    def _keep_back(self, fence: Fence, trials: list[Trial]) -> list[Trial]:
        """The trials, with those that were made ready before consent changed, without who withdrew."""
        if fence.read_again(self.ledger):
            trials = trials + [given.trial for given in self.ready]
            self.ready.clear()
        # A job that is asked about is not sent again, so nobody is kept back from it.
        for doubtful in (False, True):
            batches = [t.batch for t in trials if t.doubtful is doubtful and not t.kept]
            fence.keep_back(self.ledger, batches, doubtful=doubtful)
        return trials

    def _batch(self, trial: Trial, lines: Sequence[str]) -> Batch:
        frozen = trial.batch
        return Batch(
            frozen.batch_id,
            frozen.idempotency_key,
            frozen.verb,
            "\n".join(lines),
            trial.attempt,
            trial.kept,
            self.parts.get(frozen.range, Part(frozen.run_id)),
        )

    def _listen(self) -> None:
        """Take the answers that are there; wait for one, or until something is due."""
        seconds = _COMMIT_SECONDS
        if self.due:
            seconds = min(seconds, max(0.0, self.due[0][0] - time.monotonic()))
        if not self.under_way:
            # Nothing can be answered: this is a pause.
            time.sleep(seconds)
            return
        answers = self.crew.answers(seconds)
        while answers is not None:
            self.under_way -= 1
            for answered in answers:
                self._take(answered)
            answers = self.crew.answers(0) if self.under_way else None

    def _take(self, answered: Answered) -> None:
        trial, answer = answered.trial, answered.answer
        if answer is None:
            heapq.heappush(self.due, (0.0, next(self.turn), trial))
            return
        self.requests += 1
        kind = self.destination.idempotency(trial.batch.verb)
        what = outcome(trial, answer, kind, self.pace, answered.numbers)
        if isinstance(what, Again):
            self._later(what)
            return
        self.settled.append(what)
        self._wait([Trial(half, doubtful=what.doubtful, is_half=True) for half in what.halves])
        problem: CdpError | None = self.breaker.note(what)
        if isinstance(answer, CdpError) or (isinstance(answer, Retry) and not trial.is_left):
            problem = why_stopped(answer)
        if self.stopped is None:
            self.stopped = problem

    def _wait(self, halves: list[Trial]) -> None:
        """Put halves at the end of the line from which their batch was taken, to get to single rows soon."""
        if self.waiting and halves and halves[0].batch.first_row > self.waiting[-1].batch.first_row:
            self.waiting.extend(halves)
        else:
            self.waiting.extendleft(reversed(halves))

    def _later(self, again: Again) -> None:
        after = again.after
        if self.pace.sleep is not None:
            self.pace.sleep(after)
            after = 0.0
        elif not again.trial.kept:
            self.busy_until = max(self.busy_until, time.monotonic() + after)
        if again.trial.kept:
            # Written down at once: the job is there, and must not be started again.
            self.settled.append(Settled(again.trial.batch, "pending", "under way", kept=again.trial.kept))
            self.committed_at = 0.0
        heapq.heappush(self.due, (time.monotonic() + after, next(self.turn), again.trial))

    def _give_up(self) -> None:
        reason = short(self.stopped.problem) if self.stopped else "stopped"
        self.settled += [given_up(trial, reason) for _, _, trial in self.due]
        self.settled += [given_up(given.trial, reason) for given in self.ready]
        self.settled += [given_up(trial, reason) for trial in self.waiting if trial.doubtful]
        self.due.clear()
        self.ready.clear()
        self.waiting.clear()

    def _write(self) -> None:
        if self.settled:
            settled, self.settled = self.settled, []
            with self.ledger.transaction():
                self.ledger.settle(settled)
        self.committed_at = time.monotonic()


def _parts(trials: Sequence[Trial]) -> dict[tuple[int, int], Part]:
    """The place of each batch among those of its run."""
    rows = sum(trial.batch.size for trial in trials)
    return {
        trial.batch.range: Part(trial.batch.run_id, number, number == len(trials), rows)
        for number, trial in enumerate(trials, start=1)
    }


def _neighbours(trials: Sequence[Trial]) -> list[list[Trial]]:
    """The trials in groups whose rows follow each other."""
    groups: list[list[Trial]] = []
    for trial in sorted(trials, key=lambda one: one.batch.range):
        if groups and groups[-1][-1].batch.end_row == trial.batch.first_row:
            groups[-1].append(trial)
        else:
            groups.append([trial])
    return groups
