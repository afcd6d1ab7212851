"""Settles the batches that an earlier run left without an answer, before anything new is planned."""

from __future__ import annotations

from dataclasses import replace

from cdp_cli.activation.ledger import FrozenBatch, Ledger, Settled
from cdp_cli.activation.sender import Pace, Sent, read_back, send_all
from cdp_cli.destinations.base import Destination, Idempotency, Verb
from cdp_cli.errors import CheckDestination

NO_ANSWER = "sent, and no answer"

# Applied twice, these make a duplicate; the other verbs state how an object should be.
_ONCE = {Verb.CREATE, Verb.APPEND}
_REMOVALS = {Verb.REMOVE, Verb.REMOVE_MEMBER}


def recover(ledger: Ledger, destination: Destination, pace: Pace) -> Sent:
    """Ask the destination about each batch in doubt: send it again under its old key, or read it back.

    A batch with a row that is blocked by now is not sent again: its rows are marked as unknown, so that the
    plan corrects or removes them. If neither is safe (an event that may have arrived, a destination that
    cannot say), the batch stays in doubt until a person resolves it.

    Needs the table `payload`.
    """
    again: list[FrozenBatch] = []
    settled: list[Settled] = []
    requests = 0
    stopped: CheckDestination | None = None
    for batch in ledger.batches("in_flight", "in_doubt"):
        kind = destination.idempotency(batch.verb)
        if kind is Idempotency.READBACK:
            requests += 1
            one, stopped = read_back(ledger, destination, batch)
            settled.append(one)
            if stopped:
                break
        elif kind is not Idempotency.APPEND_ONLY and _may_leave(ledger, batch):
            again.append(replace(batch, doubtful=True))
            settled.append(Settled(batch, "in_doubt", NO_ANSWER))
        elif batch.verb not in _ONCE:
            settled.append(Settled(batch, "unknown"))
        else:
            settled.append(Settled(batch, "in_doubt", NO_ANSWER))
    with ledger.transaction():
        ledger.settle(settled)
    if stopped:
        return Sent(requests, stopped)
    sent = send_all(ledger, destination, again, pace)
    return replace(sent, requests=sent.requests + requests)


def resolve(ledger: Ledger, *, applied: bool) -> int:
    """Settle all batches in doubt as a person decided; returns the number of their rows."""
    batches = ledger.batches("in_flight", "in_doubt")
    status = "accepted" if applied else "unsent"
    with ledger.transaction():
        ledger.settle([Settled(batch, status, None) for batch in batches])
    return sum(batch.size for batch in batches)


def _may_leave(ledger: Ledger, batch: FrozenBatch) -> bool:
    """Whether each row of the batch is in the payload and not blocked; a removal may always be sent."""
    if batch.verb in _REMOVALS:
        return True
    found = ledger.work.execute(
        """
        select count(*)
        from outbox.frozen_rows as frozen_rows
        left join payload on frozen_rows.key = payload.key and payload.blocked is null
        where frozen_rows.row_number >= ? and frozen_rows.row_number < ? and payload.key is null
        """,
        [batch.first_row, batch.end_row],
    ).fetchone()
    return found is not None and found[0] == 0
