"""What the answer to one attempt leads to: the batch is settled, tried again, or asked about again.

Pure policy: no destination, no ledger, no clock.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cdp_cli.activation.ledger import FrozenBatch, Settled
from cdp_cli.destinations.base import (
    Accepted,
    Answer,
    Idempotency,
    InDoubt,
    Pending,
    Refused,
    Retry,
    Split,
    Verb,
)
from cdp_cli.errors import CdpError, CheckDestination
from cdp_cli.log import masked

_REASON_LENGTH = 300
# Errors that the destination itself reports for a batch, until halves of it are tried.
_REPORTED = 3
_ONCE = (Verb.CREATE, Verb.APPEND)


@dataclass(frozen=True)
class Pace:
    """How long to wait before a batch is sent again, and how often.

    Exponential backoff with full jitter on top of Retry-After, which is a lower bound. If the pause would be
    longer than `patience` seconds, the batch waits for the next run. A job is asked about for `job_patience`
    seconds, then the next run goes on. When `stopping` is set, what was sent is answered and nothing more is
    sent.
    """

    attempts: int = 6
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    patience: float = 120.0
    job_patience: float = 600.0
    draw: Callable[[], float] = field(default_factory=lambda: random.Random(0).random)
    sleep: Callable[[float], None] | None = None  # in place of a wait
    stopping: threading.Event | None = None

    @property
    def is_over(self) -> bool:
        """Whether the command was interrupted."""
        return self.stopping is not None and self.stopping.is_set()

    def pause(self, attempt: int, after: float | None) -> float:
        """Seconds to wait after the attempt of this number failed."""
        return (after or 0.0) + self.draw() * min(self.cap_seconds, self.base_seconds * 2.0 ** (attempt - 1))


@dataclass(frozen=True)
class Trial:
    """A batch and what was tried with it so far.

    `doubtful`: an earlier attempt may have been applied. `reported` counts errors that the destination
    itself reported, in a row. `asked` are the seconds for which its job was asked about. `is_half`: it is a
    part of a batch that did not get through. `is_left`: an earlier run left it without an answer.
    """

    batch: FrozenBatch
    attempt: int = 1
    doubtful: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)
    reported: int = 0
    asked: float = 0.0
    is_half: bool = False
    is_left: bool = False


@dataclass(frozen=True)
class Again:
    """Try it again, or ask about it again, after so many seconds."""

    trial: Trial
    after: float


def outcome(
    trial: Trial, answer: Answer | CdpError, kind: Idempotency, pace: Pace, numbers: Sequence[int]
) -> Settled | Again:
    """What an answer leads to. `numbers` are the outbox's numbers of the batch's rows, by position."""
    batch = trial.batch
    if isinstance(answer, Accepted):
        if answer.unknown and kind is not Idempotency.UPSERT and batch.verb in _ONCE:
            # Neither sent again nor taken for sent: a person decides, or the batch under its key.
            return _unanswered(trial, InDoubt(next(iter(answer.unknown.values()))), kind, pace)
        rows = [(at, "rejected", reason) for at, reason in answer.rejected.items()]
        rows += [
            (at, "unknown", reason) for at, reason in answer.unknown.items() if at not in answer.rejected
        ]
        return Settled(
            batch, "accepted", rows=tuple((numbers[at], what, short(why)) for at, what, why in sorted(rows))
        )
    if isinstance(answer, Refused) or (isinstance(answer, Split) and batch.size == 1):
        return Settled(batch, "refused", short(answer.reason))
    if isinstance(answer, Split):
        return Settled(batch, "split", short(answer.reason), halves=batch.halves(), doubtful=trial.doubtful)
    if isinstance(answer, Pending):
        asked = trial.asked + answer.after
        if asked > pace.job_patience:
            return Settled(batch, "pending", short(answer.reason), kept=answer.kept)
        return Again(replace(trial, kept=answer.kept, doubtful=True, asked=asked, reported=0), answer.after)
    if isinstance(answer, CdpError):
        return _stopped(trial, answer.problem)
    return _unanswered(trial, answer, kind, pace)


def _unanswered(trial: Trial, answer: Retry | InDoubt, kind: Idempotency, pace: Pace) -> Settled | Again:
    batch = trial.batch
    reported = 0
    if isinstance(answer, InDoubt):
        trial = replace(trial, doubtful=True, kept={})
        if kind is Idempotency.APPEND_ONLY:
            return _stopped(trial, answer.reason)
        reported = trial.reported + 1 if answer.answered else 0
        if reported >= (1 if trial.is_half and batch.size > 1 else _REPORTED) and kind in (
            Idempotency.UPSERT,
            Idempotency.KEYED,
        ):
            if batch.size > 1:
                return Settled(batch, "split", short(answer.reason), halves=batch.halves(), doubtful=True)
            return Settled(batch, "set_aside", short(answer.reason))
    elif kind is Idempotency.READBACK:
        # It was asked and has nothing of the batch, or did not take it.
        if trial.is_left:
            return Settled(batch, "unsent", short(answer.reason))
        trial = replace(trial, doubtful=False)
    pause = pace.pause(trial.attempt, answer.after)
    if trial.attempt >= pace.attempts or pause > pace.patience:
        return _stopped(trial, answer.reason)
    return Again(replace(trial, attempt=trial.attempt + 1, reported=reported), pause)


def _stopped(trial: Trial, reason: str) -> Settled:
    if trial.kept:
        return Settled(trial.batch, "pending", short(reason), kept=trial.kept)
    return Settled(trial.batch, "in_doubt" if trial.doubtful else "unsent", short(reason))


def given_up(trial: Trial, reason: str) -> Settled:
    """The state of a trial that the run does not go on with."""
    return _stopped(trial, reason)


def why_stopped(answer: Answer | CdpError) -> CdpError:
    """What ends a run, in a sentence."""
    if isinstance(answer, CdpError):
        return answer
    if isinstance(answer, Retry):
        return CheckDestination(
            f"The destination accepts nothing now: {short(answer.reason)}.",
            "The next sync sends the rest.",
        )
    reason = answer.reason if isinstance(answer, InDoubt) else "no answer"
    return CheckDestination(
        f"The destination gave no answer: {short(reason)}.",
        "Run `cdp sync` again; it settles what has no answer first.",
    )


def short(reason: str) -> str:
    """A reason for people, without personal data, of a bounded length."""
    return masked(reason).rstrip(".")[:_REASON_LENGTH]
