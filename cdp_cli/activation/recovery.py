"""Settles what an earlier run left without an answer, row by row, so that one person holds nobody else.

Before the plan, without the destination: `forget_answers`. With the plan: `let_go`. After the removals, which
wait for nobody: `recover`, and then `reconsider` for the rows that it settled.
"""

from __future__ import annotations

from cdp_cli.activation.fence import Fence
from cdp_cli.activation.ledger import UNANSWERED, Ledger, Settled
from cdp_cli.activation.sender import Sent, send_all
from cdp_cli.activation.spec import Sync
from cdp_cli.activation.trials import Pace, Trial
from cdp_cli.destinations.base import Destination, Idempotency, Verb

NO_ANSWER = "sent, and no answer"

# Applied twice, these make a duplicate; the other verbs state how an object should be.
_ONCE = {Verb.CREATE, Verb.APPEND}


def forget_answers(ledger: Ledger, destination: Destination) -> None:
    """Settle as unknown each batch in doubt that may simply be planned anew.

    That is so where the same rows may be applied again, and where a verb states how an object should be. The
    rows count as there, and as not known to be right: the plan sends them again or removes them.
    """
    settled = []
    for batch in ledger.batches(*UNANSWERED):
        kind = destination.idempotency(batch.verb)
        again = kind is Idempotency.APPEND_ONLY and batch.verb not in _ONCE
        if kind is Idempotency.UPSERT or again:
            settled.append(Settled(batch, "unknown"))
    if settled:
        with ledger.transaction():
            ledger.settle(settled)


def let_go(ledger: Ledger, sync: Sync) -> None:
    """Take the rows that may not leave any more out of the batches that wait for an answer.

    They may be at the destination: a mode that removes plans their removal, whatever becomes of the batch.
    In another mode they are never sent again. A job that is under way cannot be told: its row counts as there
    when it ends, so it is removed then too. Needs the table `planned`.
    """
    work = ledger.work
    work.execute(
        f"""
        create or replace temp table gone as
        select unsettled.*
        from ({ledger.unsettled_rows_sql()}) as unsettled
        anti join (select key from planned where operation = 'in_doubt') as staying
            on unsettled.key = staying.key
        where unsettled.verb not in ('remove', 'remove_member')
        """
    )
    if not ledger.value("select count(*) from gone"):
        work.execute(
            "update planned set operation = 'block' where operation = 'let_go' and blocked is not null"
        )
        return
    hash_then = "hash" if sync.spec.mode.once else "null"
    with ledger.transaction():
        work.execute(
            """
            insert into ledger.row_answers
            select row_number, case when status = 'pending' then 'in_job' else 'let_go' end, null from gone
            """
        )
        work.execute("delete from ledger.acknowledged where key in (select key from gone)")
        work.execute(
            f"""
            insert into ledger.acknowledged (key, profile_id, hash, match_keys, acknowledged_at)
            select key, profile_id, {hash_then}, match_keys, null
            from gone
            qualify row_number() over (partition by key order by row_number desc) = 1
            """
        )
    if sync.spec.mode.remove is None:
        work.execute("update planned set operation = 'block' where operation = 'let_go'")
        return
    work.execute(
        """
        update planned set operation = 'remove', is_known = true, known_match_keys = gone.match_keys
        from gone
        where planned.key = gone.key and planned.operation in ('let_go', 'remove', 'block')
        """
    )
    work.execute(
        """
        insert into planned by name
        select
            key, any_value(profile_id) as profile_id, false as is_given, false as is_keyless,
            true as is_known, max_by(match_keys, row_number) as known_match_keys, 'remove' as operation,
            false as is_moved, false as is_rendered
        from gone
        where key not in (select key from planned where key is not null)
        group by key
        """
    )


def recover(ledger: Ledger, destination: Destination, pace: Pace, fence: Fence) -> Sent:
    """Ask the destination about each batch without an answer.

    A job under way is asked about. A batch under a key is sent again under it, and one that the destination
    can say something of is read back. If neither is safe (an event that may have arrived, a destination that
    cannot say), the batch stays in doubt until a person resolves it.
    """
    trials = [
        Trial(batch, doubtful=True, kept=batch.kept, is_left=True) for batch in ledger.batches("pending")
    ]
    append_only = {
        verb for verb in destination.verbs if destination.idempotency(verb) is Idempotency.APPEND_ONLY
    }
    trials += [
        Trial(batch, doubtful=True, is_left=True)
        for batch in ledger.batches(*UNANSWERED)
        if batch.verb not in append_only
    ]
    held = [batch for batch in ledger.batches("in_flight") if batch.verb in append_only]
    if held:
        with ledger.transaction():
            ledger.settle([Settled(batch, "in_doubt", NO_ANSWER) for batch in held])
    return send_all(ledger, destination, trials, pace, fence)


def reconsider(ledger: Ledger, sync: Sync) -> None:
    """Decide anew about the planned rows that were in doubt and are settled now.

    A row whose match keys are others now waits for the next run, which removes its old object first. So does
    one that is again what it was before the batch: it was not rendered, so it has none here.
    """
    ledger.work.execute(
        f"""
        update planned set operation = case
            when planned.invalid is not null then 'invalid'
            when settled.state_key is null then 'add'
            when settled.state_hash = planned.hash then 'unchanged'
            when {sync.spec.mode.once} and settled.state_hash is not null then 'unchanged'
            else 'change'
        end
        from (
            select waiting.key, state.key as state_key, state.hash as state_hash
            from planned as waiting
            left join ledger.acknowledged as state on waiting.key = state.key
            anti join ({ledger.unsettled_rows_sql()}) as unsettled on waiting.key = unsettled.key
            where
                waiting.operation = 'in_doubt'
                and (state.key is null or state.match_keys is not distinct from waiting.match_keys)
        ) as settled
        where planned.key = settled.key
        """
    )


def resolve(ledger: Ledger, *, applied: bool) -> int:
    """Settle all batches in doubt as a person decided; returns the number of their rows."""
    batches = ledger.batches(*UNANSWERED)
    status = "accepted" if applied else "unsent"
    with ledger.transaction():
        ledger.settle([Settled(batch, status, None) for batch in batches])
    return sum(batch.size for batch in batches)
