"""Folds the answers of a run into what the destination has acknowledged, in a few set-based statements."""

from __future__ import annotations

import datetime as dt

from cdp_cli.activation.ledger import Ledger


def fold(ledger: Ledger, run_id: str, now: dt.datetime) -> None:
    """Fold answered batches into `acknowledged`, note their rows as deliveries of `run_id`, and drop them.

    A batch with the status `unknown` may have been applied. Its rows stay with a null hash, which differs
    from every payload, so the next plan sends them again or removes them.
    """
    if not ledger.value(
        "select count(*) from ledger.batches where status not in ('frozen', 'in_flight', 'in_doubt')"
    ):
        return
    ledger.work.execute(
        """
        create or replace temp table folding as
        with

        -- No two of these overlap: a batch that was halved has the status split.
        settled as (
            select * from ledger.batches where status in ('accepted', 'refused', 'unknown')
        )

        select
            frozen_rows.row_number, frozen_rows.key, frozen_rows.profile_id, frozen_rows.operation,
            frozen_rows.match_keys, frozen_rows.why,
            settled.verb in ('remove', 'remove_member') as removes,
            case when settled.status = 'unknown' then null else frozen_rows.hash end as hash,
            case
                when settled.status = 'unknown' then 'unknown'
                when settled.status = 'refused' or rejected.row_number is not null then 'rejected'
                else 'acknowledged'
            end as outcome,
            coalesce(rejected.reason, settled.reason) as reason
        from outbox.frozen_rows as frozen_rows
        asof inner join settled on frozen_rows.row_number >= settled.first_row
        left join ledger.rejected as rejected on frozen_rows.row_number = rejected.row_number
        where frozen_rows.row_number < settled.end_row
        """
    )
    with ledger.transaction():
        # One key may have two rows: the removal of its old object and the put of its new one. The later one
        # counts.
        ledger.work.execute(
            """
            create or replace temp table folded as
            select * from folding
            where outcome <> 'rejected'
            qualify row_number() over (partition by key order by row_number desc) = 1
            """
        )
        ledger.work.execute(
            """
            update ledger.acknowledged set hash = null
            where key in (select key from folded where removes and outcome = 'unknown')
            """
        )
        ledger.work.execute(
            """
            delete from ledger.acknowledged
            where key in (select key from folded where not (removes and outcome = 'unknown'))
            """
        )
        ledger.work.execute(
            """
            insert into ledger.acknowledged
            select key, profile_id, hash, match_keys, ? as acknowledged_at
            from folded
            where not removes
            order by row_number
            """,
            [now],
        )
        ledger.work.execute(
            """
            insert into ledger.deliveries
            select
                ? as run_id, profile_id, operation, outcome,
                case when outcome = 'rejected' then reason else why end as reason, ? as occurred_at
            from folding
            where outcome = 'rejected' or (outcome = 'acknowledged' and removes = (operation = 'remove'))
            order by row_number
            """,
            [run_id, now],
        )
        ledger.work.execute(
            "delete from ledger.batches where status not in ('frozen', 'in_flight', 'in_doubt')"
        )
        ledger.work.execute("delete from ledger.rejected")


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
