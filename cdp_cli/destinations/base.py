"""What the activation engine asks of a destination, and what a destination answers.

The engine decides what changes and keeps the ledger. A `Destination` is one object of a destination over one
connection. It knows how a row is written, how much fits into a request, and what an answer means.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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
class Part:
    """The place of a batch among those that its run freezes for one verb."""

    run_id: str = ""
    number: int = 1  # from 1
    is_last: bool = True
    rows: int = 0  # of all batches together


@dataclass(frozen=True)
class Batch:
    """Rows that are sent together: JSON texts as `Destination.row_sql` rendered them, one a line.

    JSON text has no line break of its own, so `lines` is cut and joined without being read.
    """

    batch_id: str
    idempotency_key: str  # stays the same over retries and after a crash
    verb: Verb
    lines: str
    attempt: int = 1
    kept: Mapping[str, str] = field(default_factory=dict)  # of an earlier answer `Pending`
    part: Part = Part()

    @cached_property
    def rows(self) -> list[str]:
        """The rows one by one."""
        return self.lines.split("\n") if self.lines else []


@dataclass(frozen=True)
class Accepted:
    """The destination took the batch, except some rows, by position in the batch, each with a reason.

    `rejected` rows were refused. Of `unknown` rows the answer says nothing: they may have been taken.
    """

    rejected: Mapping[int, str] = field(default_factory=dict)
    unknown: Mapping[int, str] = field(default_factory=dict)


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
class Pending:
    """The destination works on the batch: ask `Destination.resume` in `after` seconds, or in a later run.

    `kept` is written into the ledger before anything else happens, so a job is asked about again and not
    started twice. It holds ids of the destination's, no secret and nobody's data.
    """

    kept: Mapping[str, str]
    reason: str
    after: float = 1.0


@dataclass(frozen=True)
class InDoubt:
    """We sent the batch and have no answer: a cut connection, a timeout, a 5xx after the body was read.

    `answered` tells an error that the destination reported from silence: a row that it cannot digest may be
    the cause, so halves of the batch may get through.
    """

    reason: str
    after: float | None = None
    answered: bool = False


Answer = Accepted | Refused | Split | Retry | Pending | InDoubt


class Destination(Protocol):
    """One object of one destination over one connection. Safe to use from several threads.

    Column names are the payload's columns in the activation model, `profile_id` left out unless the model
    selects it under another name.
    """

    @property
    def address(self) -> Mapping[str, str]:
        """What says where the rows go, without secrets: destination, address, object, ids of the account.

        The ledger is bound to it: what was sent to one address says nothing about another.
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

    def keeps_rows(self, verb: Verb) -> bool:
        """Whether a later run needs the rows' text: to repeat a batch under its key, or to go on with a job.

        The engine then keeps it on disk until the batch is answered.
        """

    def limits(self, verb: Verb) -> BatchLimits:
        """How much fits into one request of this verb."""

    def field_sql(self, column: str, kind: str = "VARCHAR") -> str:
        """A DuckDB expression over the quoted column that normalises and, if the destination wants it, hashes
        the value. Null stays null, and an unusable value becomes null. `kind` is the column's DuckDB type.

        Raises FixConfiguration if the object has no such field.
        """

    def row_sql(self, verb: Verb, columns: Mapping[str, str], nulls: Mapping[str, str]) -> str:
        """A DuckDB expression over the quoted, normalised columns that renders one row as JSON text.

        `columns` are names with their DuckDB types.
        `nulls` says for a column whether a null is left out (`omit`, the default) or sent (`clear`).
        """

    def invalid_sql(self, verb: Verb, columns: Mapping[str, str]) -> str:
        """A DuckDB expression: the reason why the normalised row cannot be sent, or null."""

    def send(self, batch: Batch) -> Answer:
        """Send the batch once, within the destination's rate windows, and return its answer.

        Raises CheckDestination if no batch can succeed now: unreachable, credentials refused.
        """

    def resume(self, batch: Batch) -> Answer:
        """Go on with a batch that was `Pending`: ask once what became of it, by what it kept.

        Raises CheckDestination as `send` does.
        """

    def read_back(self, batch: Batch) -> Answer:
        """What became of a batch in doubt; used if `idempotency` is READBACK."""

    def account(self) -> str | None:
        """The id of the account that the secrets belong to, by one request; None if it cannot be known.

        Raises CheckDestination if the destination does not say.
        """

    def effort(self, verb: Verb, rows: int) -> tuple[int, float]:
        """The requests that so many rows take at least, and the seconds that rate windows make of them."""

    def check(self) -> None:
        """Check that the destination accepts the connection's secrets. Raises CheckDestination if not."""

    def finish(self, run_id: str) -> None:
        """Close a run whose batches are all answered: a manifest, a job to start. Safe to repeat."""
