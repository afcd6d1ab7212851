"""What the activation engine asks of a destination, and what a destination answers.

The engine decides what changes and keeps the ledger. A `Destination` is one object of a destination over one
connection. It knows how a row is written, how much fits into a request, and what an answer means.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Idempotency(enum.Enum):
    """What happens when the same batch is sent twice."""

    KEYED = "keyed"  # the receiver drops a repeated idempotency key
    UPSERT = "upsert"  # applying the same rows again changes nothing
    READBACK = "readback"  # we can ask what was applied
    APPEND_ONLY = "append_only"  # a repeat is a duplicate: hold what is in doubt and say so


class Verb(enum.Enum):
    """What a batch asks the destination to do with its rows."""

    UPSERT = "upsert"  # create or update
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"  # delete the object, or what the destination has for it
    ADD_MEMBER = "add_member"  # put into the audience or list
    REMOVE_MEMBER = "remove_member"
    APPEND = "append"  # an event


@dataclass(frozen=True)
class BatchLimits:
    """How much fits into one request, and how many requests may be under way at once."""

    rows: int
    bytes: int  # of the rows alone; the envelope is already subtracted
    row_bytes: int | None = None
    concurrency: int = 4


@dataclass(frozen=True)
class Batch:
    """Rows that are sent together. `rows` are JSON texts, as `Destination.row_sql` rendered them."""

    batch_id: str
    idempotency_key: str  # stays the same over retries and after a crash
    verb: Verb
    rows: Sequence[str]
    attempt: int = 1


@dataclass(frozen=True)
class Accepted:
    """The destination took the batch, except the rejected rows: position in the batch, and reason."""

    rejected: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """The destination took none of the batch and never will: every row is rejected."""

    reason: str


@dataclass(frozen=True)
class Split:
    """The destination refused the batch because of its size or of one of its rows: send it in halves."""

    reason: str


@dataclass(frozen=True)
class Retry:
    """The destination took nothing and may later: 429, 503. `after` is the wait it asked for, in seconds."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class InDoubt:
    """We sent the batch and have no answer: a cut connection, a timeout, a 5xx after the body was read."""

    reason: str
    after: float | None = None


Answer = Accepted | Refused | Split | Retry | InDoubt


class Destination(Protocol):
    """One object of one destination over one connection. Safe to use from several threads.

    Column names are the payload's columns in the activation model, `profile_id` left out unless the model
    selects it under another name.
    """

    @property
    def match_fields(self) -> Sequence[str]:
        """The fields by which the destination finds a row. The ledger keeps their values for removals."""

    @property
    def medium(self) -> str:
        """By what people are reached there: a channel of the seed `purposes`, or `*` if it may be any."""

    @property
    def purposes(self) -> frozenset[str]:
        """Purposes of every channel (`*`) that may also use a stated medium."""

    @property
    def verbs(self) -> frozenset[Verb]:
        """What this object can do."""

    def idempotency(self, verb: Verb) -> Idempotency:
        """What happens when a batch of this verb is sent twice."""

    def limits(self, verb: Verb) -> BatchLimits:
        """How much fits into one request of this verb."""

    def field_sql(self, column: str) -> str:
        """A DuckDB expression over the quoted column that normalises and, if the destination wants it, hashes
        the value. Null stays null, and an unusable value becomes null.

        Raises FixConfiguration if the object has no such field.
        """

    def row_sql(self, verb: Verb, columns: Sequence[str], nulls: Mapping[str, str]) -> str:
        """A DuckDB expression over the quoted, normalised columns that renders one row as JSON text.

        `nulls` says for a column whether a null is left out (`omit`, the default) or sent (`clear`).
        """

    def invalid_sql(self, verb: Verb, columns: Sequence[str]) -> str:
        """A DuckDB expression: the reason why the normalised row cannot be sent, or null."""

    def send(self, batch: Batch) -> Answer:
        """Send the batch once, within the destination's rate windows, and return its answer.

        Raises CheckDestination if no batch can succeed now: unreachable, credentials refused.
        """

    def read_back(self, batch: Batch) -> Answer:
        """What became of a batch in doubt; used if `idempotency` is READBACK."""

    def check(self) -> None:
        """Check that the destination accepts the connection's secrets. Raises CheckDestination if not."""

    def finish(self, run_id: str) -> None:
        """Close a run whose batches are all answered: a manifest, a job to start. Safe to repeat."""
