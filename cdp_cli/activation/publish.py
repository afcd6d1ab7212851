"""Tells the warehouse what syncs did, in one short visit; what it cannot take now waits in the ledger."""

from __future__ import annotations

import pyarrow as pa

from cdp_cli.activation.ledger import Ledger
from cdp_cli.config import Settings
from cdp_cli.errors import TryAgain
from cdp_cli.warehouse import Warehouse, open_warehouse

_WAIT_SECONDS = 5.0


def publish(settings: Settings, ledger: Ledger, sync: str) -> bool:
    """Append the runs and deliveries that the warehouse does not have yet.

    Returns False where the warehouse stays in use: nothing is lost, the next run publishes both.
    """
    runs = ledger.work.execute(
        """
        select
            run_id, ? as sync, status, started_at, ended_at, added, changed, removed, unchanged, blocked,
            invalid, rejected, in_doubt, requests
        from ledger.runs
        where not published and ended_at is not null
        order by started_at, run_id
        """,
        [sync],
    ).to_arrow_table()
    if not runs.num_rows:
        return True
    deliveries = ledger.work.execute(
        """
        select run_id, ? as sync, profile_id, operation, outcome, reason, occurred_at
        from ledger.deliveries
        where run_id in (select run_id from ledger.runs where ended_at is not null)
        """,
        [sync],
    ).to_arrow_table()
    try:
        with open_warehouse(settings, read_only=False, wait_seconds=_WAIT_SECONDS) as warehouse:
            # Each append is one transaction; a crash between them, or before we note it, repeats neither.
            _append_new(warehouse, "sync_deliveries", deliveries, sync)
            _append_new(warehouse, "sync_runs", runs, sync)
    except TryAgain:
        return False
    with ledger.transaction():
        ledger.work.execute(
            "delete from ledger.deliveries "
            "where run_id in (select run_id from ledger.runs where ended_at is not null)"
        )
        ledger.work.execute("update ledger.runs set published = true where ended_at is not null")
    return True


def _append_new(warehouse: Warehouse, table: str, rows: pa.Table, sync: str) -> None:
    known: set[str] = set()
    if warehouse.exists("cdp", table):
        found = warehouse.rows(f"select distinct run_id from cdp.{table} where sync = '{sync}'")
        known = {row["run_id"] for row in found}
    new = rows.filter(pa.array([run_id not in known for run_id in rows["run_id"].to_pylist()], pa.bool_()))
    if new.num_rows:
        warehouse.append("cdp", table, new)
