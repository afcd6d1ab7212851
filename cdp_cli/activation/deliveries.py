"""Notes the outcome of each row of a run, until the warehouse has it."""

from __future__ import annotations

import datetime as dt

from cdp_cli.activation.ledger import Ledger


def note_planned(ledger: Ledger, run_id: str, now: dt.datetime) -> None:
    """Note as deliveries of the run which rows of `planned` are newly blocked or invalid, once each."""
    ledger.work.execute(
        """
        create or replace temp table stopped as
        select
            key, profile_id,
            case
                when blocked is not null then 'block'
                when is_known then 'change'
                else 'add'
            end as operation,
            case when blocked is not null then 'blocked' else 'invalid' end as outcome,
            coalesce(blocked, invalid) as reason
        from planned
        where is_given and (blocked is not null or operation = 'invalid')
        """
    )
    with ledger.transaction():
        ledger.work.execute(
            """
            insert into ledger.deliveries
            select
                ? as run_id, stopped.profile_id, stopped.operation, stopped.outcome, stopped.reason,
                ? as occurred_at
            from stopped
            anti join ledger.blocked_or_invalid as before
                on
                    stopped.key = before.key
                    and stopped.outcome = before.outcome
                    and stopped.reason = before.reason
            order by stopped.key
            """,
            [run_id, now],
        )
        ledger.work.execute("delete from ledger.blocked_or_invalid")
        ledger.work.execute("insert into ledger.blocked_or_invalid by name from stopped order by key")


def note_in_doubt(ledger: Ledger, run_id: str, now: dt.datetime) -> None:
    """Note the rows that turned out to have no answer in this run as deliveries, whichever run sent them."""
    ledger.work.execute(
        f"""
        insert into ledger.deliveries
        select ? as run_id, profile_id, operation, 'in_doubt' as outcome, doubt, ? as occurred_at
        from (
            select frozen_rows.*, doubtful.reason as doubt
            from outbox.frozen_rows as frozen_rows
            inner join ({ledger.current_sql()}) as doubtful
                on frozen_rows.row_number >= doubtful.first_row and frozen_rows.row_number < doubtful.end_row
            anti join ledger.row_answers as row_answers on frozen_rows.row_number = row_answers.row_number
            where doubtful.status = 'in_doubt' and doubtful.number >= ?
        )
        order by row_number
        """,
        [run_id, now, ledger.first_answer],
    )


def count_deliveries(ledger: Ledger, run_id: str) -> dict[tuple[str, str], int]:
    """Rows by operation and outcome."""
    found = ledger.work.execute(
        "select operation, outcome, count(*) from ledger.deliveries where run_id = ? group by 1, 2",
        [run_id],
    ).fetchall()
    return {(operation, outcome): rows for operation, outcome, rows in found}


def first_reason(ledger: Ledger, run_id: str) -> str:
    """The reason of the first rejected row."""
    found = ledger.work.execute(
        "select reason from ledger.deliveries where run_id = ? and outcome = 'rejected' limit 1", [run_id]
    ).fetchone()
    return str(found[0]) if found and found[0] else "no reason given"
