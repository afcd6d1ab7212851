"""Appends the results of syncs to the warehouse; if it is in use, they wait in the ledger."""

from __future__ import annotations

from cdp_cli.activation.ledger import Ledger
from cdp_cli.activation.spec import Sync
from cdp_cli.config import Settings
from cdp_cli.errors import TryAgain
from cdp_cli.relations import Relation
from cdp_cli.warehouse import Warehouse, open_warehouse

_WAIT_SECONDS = 5.0

_DELIVERIES = """
    select run_id, $1 as sync, profile_id, operation, outcome, reason, occurred_at
    from ledger.deliveries
    where
        run_id in (select run_id from ledger.runs where ended_at is not null)
        and not list_contains($2, run_id)
"""

_BLOCKED = """
    select run_id, $1 as sync, reason, count_rows
    from ledger.blocked
    where
        run_id in (select run_id from ledger.runs where ended_at is not null)
        and not list_contains($2, run_id)
    order by run_id, reason
"""

_RUNS = """
    select
        run_id, $1 as sync, status, started_at, ended_at, added, changed, removed, unchanged, blocked,
        invalid, rejected, in_doubt, requests
    from ledger.runs
    where not published and ended_at is not null and not list_contains($2, run_id)
    order by started_at, run_id
"""


def publish(settings: Settings, ledger: Ledger, sync: Sync) -> bool:
    """Append the runs and deliveries that the warehouse does not have yet.

    Returns False if the warehouse stays in use. Nothing is lost: the next run publishes both.
    """
    if not ledger.value("select count(*) from ledger.runs where not published and ended_at is not null"):
        return True
    try:
        with open_warehouse(settings, read_only=False, wait_seconds=_WAIT_SECONDS) as warehouse:
            # Each append is one transaction; a crash between them, or before we note it, repeats neither.
            for table, sql in (
                ("sync_deliveries", _DELIVERIES), ("sync_blocked", _BLOCKED), ("sync_runs", _RUNS)
            ):  # fmt: skip
                log = sync.relations.source("cdp", table)
                known = _published(warehouse, log, sync.name)
                rows = ledger.work.cursor().sql(sql, params=[sync.name, known]).to_arrow_table()
                if rows.num_rows:
                    warehouse.append(*log, rows)
    except TryAgain:
        return False
    with ledger.transaction():
        for noted in ("deliveries", "blocked"):
            ledger.work.execute(
                f"delete from ledger.{noted} "
                "where run_id in (select run_id from ledger.runs where ended_at is not null)"
            )
        ledger.work.execute("update ledger.runs set published = true where ended_at is not null")
    return True


def _published(warehouse: Warehouse, log: Relation, sync: str) -> list[str]:
    """The runs that the warehouse has in this table."""
    if not warehouse.exists(*log):
        return []
    found = warehouse.rows(f"select distinct run_id from {log} where sync = ? order by run_id", [sync])
    return [row["run_id"] for row in found]
