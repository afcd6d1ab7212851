"""Folds the answers of a run into what the destination has acknowledged, in a few set-based statements."""

from __future__ import annotations

import datetime as dt

from cdp_cli.activation.diff import PATIENCE_WITH_A_ROW
from cdp_cli.activation.ledger import UNSETTLED, Ledger

_FOLDED = ("accepted", "refused", "unknown", "set_aside")


def fold(ledger: Ledger, run_id: str, now: dt.datetime) -> None:
    """Fold answered batches into `acknowledged`, note their rows as deliveries of `run_id`, and drop them.

    A batch or row with the outcome `unknown` may have been applied. It stays with a null hash, which differs
    from every payload, so the next plan sends it again or removes it. One that was set aside is unknown too,
    and waits for a change of the row or for a person.

    Makes the temporary table `put_by_job`: the keys of rows that left while a job had them.
    """
    work = ledger.work
    if not ledger.value(f"select count(*) from ({ledger.current_sql()}) where status not in {UNSETTLED}"):
        work.execute("create or replace temp table put_by_job (key varchar)")
        return
    work.execute(
        f"""
        create or replace temp table folding as
        with

        -- No two batches of these overlap: one that was halved has the status split.
        settled as (
            select unnest(range(first_row, end_row)) as row_number, verb, status, reason
            from ({ledger.current_sql()})
            where status in {_FOLDED}
        )

        select
            frozen_rows.row_number, frozen_rows.key, frozen_rows.profile_id, frozen_rows.operation,
            frozen_rows.hash, frozen_rows.fingerprint, frozen_rows.match_keys, frozen_rows.why,
            settled.verb in ('remove', 'remove_member') as removes,
            coalesce(row_answers.outcome = 'in_job', false) as is_in_job,
            settled.status = 'set_aside' as is_set_aside,
            case
                when row_answers.outcome = 'in_job' then 'unknown'
                when row_answers.outcome is not null then row_answers.outcome
                when settled.status in ('unknown', 'set_aside') then 'unknown'
                when settled.status = 'refused' then 'rejected'
                else 'acknowledged'
            end as outcome,
            coalesce(row_answers.reason, settled.reason) as reason
        from outbox.frozen_rows as frozen_rows
        inner join settled on frozen_rows.row_number = settled.row_number
        left join ledger.row_answers as row_answers on frozen_rows.row_number = row_answers.row_number
        where
            coalesce(row_answers.outcome, '') not in ('let_go', 'kept_back')
        """
    )
    work.execute("create or replace temp table put_by_job as select key from folding where is_in_job")
    with ledger.transaction():
        _fold_state(ledger, now)
        _fold_refusals(ledger, now)
        work.execute(
            """
            insert into ledger.deliveries
            select
                ? as run_id, profile_id, operation, case when is_set_aside then 'rejected' else outcome end,
                case when outcome = 'rejected' or is_set_aside then reason else why end as reason,
                ? as occurred_at
            from folding
            where
                outcome = 'rejected'
                or is_set_aside
                or (outcome = 'acknowledged' and removes = (operation = 'remove'))
            """,
            [run_id, now],
        )
        _drop_settled(ledger)


def _fold_state(ledger: Ledger, now: dt.datetime) -> None:
    work = ledger.work
    work.execute("create or replace temp view folded as select * from folding where outcome <> 'rejected'")
    if ledger.value("select coalesce(bool_or(removes) and bool_or(not removes), false)::int from folding"):
        # One key may have two rows: the removal of its old object and the put of its new one. The later one
        # counts.
        work.execute(
            """
            create or replace temp view folded as
            select * from folding
            where outcome <> 'rejected'
            qualify row_number() over (partition by key order by row_number desc) = 1
            """
        )
    if ledger.count_acknowledged():
        work.execute(
            """
            update ledger.acknowledged set hash = null
            where key in (select key from folded where removes and outcome = 'unknown')
            """
        )
        work.execute(
            """
            delete from ledger.acknowledged
            where key in (select key from folded where not (removes and outcome = 'unknown'))
            """
        )
    work.execute(
        """
        insert into ledger.acknowledged
            (key, profile_id, hash, match_keys, acknowledged_at, fingerprint)
        select
            key, profile_id, case when outcome = 'acknowledged' then hash end, match_keys, ?, fingerprint
        from folded
        where not removes
        """,
        [now],
    )


def _fold_refusals(ledger: Ledger, now: dt.datetime) -> None:
    """Count how often a row was refused as it is; what was taken, or changed, counts anew."""
    work = ledger.work
    if not ledger.value("select count(*) from folding where outcome = 'rejected' or is_set_aside"):
        if ledger.value("select count(*) from ledger.refusals"):
            work.execute(
                "delete from ledger.refusals "
                "where key in (select key from folding where outcome = 'acknowledged')"
            )
        return
    work.execute(
        f"""
        create or replace temp table refused as
        select
            folding.key, any_value(folding.profile_id) as profile_id,
            max_by(folding.hash, row_number) as hash,
            max(case
                when is_set_aside then {PATIENCE_WITH_A_ROW}
                when before.hash is not distinct from folding.hash then coalesce(before.times, 0) + 1
                else 1
            end) as times,
            max_by(folding.reason, row_number) as reason
        from folding
        left join ledger.refusals as before on folding.key = before.key
        where outcome = 'rejected' or is_set_aside
        group by folding.key
        """
    )
    work.execute("delete from ledger.refusals where key in (select key from folding)")
    work.execute(
        "insert into ledger.refusals select key, profile_id, hash, times, reason, ? from refused", [now]
    )


def _drop_settled(ledger: Ledger) -> None:
    work = ledger.work
    if not ledger.value(f"select count(*) from ({ledger.current_sql()}) where status in {UNSETTLED}"):
        # Rows that were never begun have no answer; they are dropped with `drop_unsent`.
        work.execute(
            """
            delete from ledger.batches
            where (first_row, end_row) in (select (first_row, end_row) from ledger.answers)
            """
        )
        work.execute("delete from ledger.answers")
        if not ledger.names_rows():
            work.execute("delete from ledger.row_answers")
        return
    work.execute(
        f"""
        create or replace temp table kept_batches as
        select first_row, end_row from ({ledger.current_sql()}) where status in {UNSETTLED}
        """
    )
    work.execute(
        """
        delete from ledger.batches
        where
            (first_row, end_row) in (select (first_row, end_row) from ledger.answers)
            and (first_row, end_row) not in (select (first_row, end_row) from kept_batches)
        """
    )
    work.execute(
        """
        delete from ledger.answers
        where (first_row, end_row) not in (select (first_row, end_row) from kept_batches)
        """
    )
    work.execute(
        """
        delete from ledger.row_answers
        where not exists (
            select 1 from kept_batches
            where row_answers.row_number >= kept_batches.first_row
                and row_answers.row_number < kept_batches.end_row
        )
        """
    )


def release(ledger: Ledger, run_id: str, now: dt.datetime) -> None:
    """Drop the rows that `planned` releases, and mark the rows that own their objects as unknown."""
    with ledger.transaction():
        ledger.work.execute(
            """
            update ledger.acknowledged set hash = null
            where key in (
                select key from planned
                where
                    operation = 'change'
                    and known_identity in (select known_identity from planned where operation = 'release')
            )
            """
        )
        ledger.work.execute(
            """
            delete from ledger.acknowledged
            where key in (select key from planned where operation = 'release')
            """
        )
        ledger.work.execute(
            """
            insert into ledger.deliveries
            select
                ? as run_id, profile_id, 'remove' as operation, 'acknowledged' as outcome,
                'belongs to another profile' as reason, ? as occurred_at
            from planned
            where operation = 'release'
            order by key
            """,
            [run_id, now],
        )
