"""Decides what a sync would change: counts, and the table `planned`. Sends nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from cdp_cli.activation import diff
from cdp_cli.activation.eligibility import REASONS, read_payload
from cdp_cli.activation.ledger import Ledger
from cdp_cli.activation.recovery import let_go
from cdp_cli.activation.samples import Sample
from cdp_cli.activation.spec import Sync, check_columns
from cdp_cli.destinations.base import Destination
from cdp_cli.warehouse import Warehouse


@dataclass(frozen=True)
class Plan:
    """What a sync would do now.

    `blocked` and `invalid` count rows of the model by reason. If the mode removes, a blocked row that the
    destination has is also counted in `removed`. `quarantined` rows were refused again and again as they
    are. `stranded` counts rows of the holdout that the destination has and the mode never removes.
    `acknowledged` counts the rows that the destination has from us. `requests` are what the rows take at
    least, `seconds` what the destination's rate windows make of them. `samples` are a few rows of each
    operation, masked, if somebody asked for them.
    """

    sync: Sync
    match: Mapping[str, str]
    added: int
    changed: int
    removed: int
    unchanged: int
    quarantined: int
    blocked: Mapping[str, int]
    invalid: Mapping[str, int]
    in_doubt: int
    stranded: int
    rows: int
    null_keys: int
    duplicate_keys: int
    acknowledged: int
    is_first_run: bool
    known_until: dt.datetime | None
    requests: int
    seconds: float
    samples: tuple[Sample, ...] = ()

    @property
    def sends(self) -> bool:
        """Whether anything would be sent."""
        return bool(self.added or self.changed or self.removed)


def make_plan(warehouse: Warehouse, ledger: Ledger, sync: Sync, destination: Destination) -> Plan:
    """Compare the sync's rows with the ledger; rows in doubt that may not leave any more are let go of.

    Raises FixConfiguration or FixModel where the sync, its table or its consent is not as it must be.
    """
    work = ledger.work
    with read_payload(warehouse, work, sync, destination) as payload:
        check_columns(sync, payload.columns, destination)
        match = diff.compare(work, sync, payload, destination, ledger.unsettled_rows_sql())
    let_go(ledger, sync)
    counts = _counts(work, "select operation, count(*) from planned group by 1")
    blocked = _counts(
        work, "select blocked, count(*) from planned where is_given and blocked is not null group by 1"
    )
    invalid = _counts(
        work,
        "select invalid, count(*) from planned where operation = 'invalid' group by 1 order by 2 desc, 1",
    )
    rows, null_keys, keys = work.execute(
        """
        select
            count(*), count(*) filter (where is_keyless),
            count(distinct key) + count(*) filter (where is_keyless)
        from planned
        where is_given
        """
    ).fetchall()[0]
    puts, removals = counts.get("add", 0) + counts.get("change", 0), counts.get("remove", 0)
    mode = sync.spec.mode
    efforts = [destination.effort(mode.put, puts)]
    if mode.remove is not None:
        efforts.append(destination.effort(mode.remove, removals))
    return Plan(
        sync=sync,
        match=match,
        added=counts.get("add", 0),
        changed=counts.get("change", 0),
        removed=counts.get("remove", 0) + counts.get("release", 0),
        unchanged=counts.get("unchanged", 0),
        quarantined=counts.get("quarantine", 0),
        blocked={reason: blocked[reason] for reason in REASONS if reason in blocked},
        invalid=invalid,
        in_doubt=ledger.count_in_doubt(),
        stranded=ledger.value(
            "select count(*) from planned where operation = 'block' and blocked = 'holdout' and is_known"
        ),
        rows=rows,
        null_keys=null_keys,
        duplicate_keys=rows - keys,
        acknowledged=ledger.count_acknowledged(),
        is_first_run=not ledger.has_run(),
        known_until=payload.known_until,
        requests=sum(requests for requests, _ in efforts),
        seconds=sum(seconds for _, seconds in efforts),
    )


def _counts(work: duckdb.DuckDBPyConnection, sql: str) -> dict[str, int]:
    return dict(work.execute(sql).fetchall())
