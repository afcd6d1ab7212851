"""Decides what a sync would change: counts, and the tables `payload` and `planned`. Sends nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from cdp_cli.activation import diff
from cdp_cli.activation.eligibility import REASONS, Payload
from cdp_cli.activation.ledger import Ledger
from cdp_cli.activation.spec import Sync, check_columns
from cdp_cli.destinations.base import Destination


@dataclass(frozen=True)
class Plan:
    """What a sync would do now.

    `blocked` counts the blocked rows of the model by reason. If the mode removes, a blocked row that the
    destination has is also counted in `removed`. `acknowledged` counts the rows that the destination has from
    us.
    """

    sync: Sync
    added: int
    changed: int
    removed: int
    unchanged: int
    blocked: Mapping[str, int]
    invalid: int
    in_doubt: int
    rows: int
    null_keys: int
    duplicate_keys: int
    acknowledged: int
    is_first_run: bool
    known_until: dt.datetime | None


def render_payload(ledger: Ledger, sync: Sync, payload: Payload, destination: Destination) -> diff.Rendered:
    """Check the sync against its table and destination, and make the table `payload`."""
    check_columns(sync, payload.columns, destination)
    return diff.render(ledger.work, sync, payload, destination)


def make_plan(ledger: Ledger, sync: Sync, rendered: diff.Rendered, known_until: dt.datetime | None) -> Plan:
    """Compare the rendered payload with the ledger."""
    diff.compare(ledger.work, sync, rendered)
    counts: dict[str, int] = dict(
        ledger.work.execute("select operation, count(*) from planned group by operation").fetchall()
    )
    blocked: dict[str, int] = dict(
        ledger.work.execute(
            "select blocked, count(*) from payload where blocked is not null group by 1"
        ).fetchall()
    )
    rows, null_keys, duplicates = ledger.work.execute(
        "select count(*), count(*) - count(key), count(key) - count(distinct key) from payload"
    ).fetchall()[0]
    return Plan(
        sync=sync,
        added=counts.get("add", 0),
        changed=counts.get("change", 0),
        removed=counts.get("remove", 0) + counts.get("release", 0),
        unchanged=counts.get("unchanged", 0),
        blocked={reason: blocked[reason] for reason in REASONS if reason in blocked},
        invalid=counts.get("invalid", 0),
        in_doubt=ledger.count_in_doubt(),
        rows=rows,
        null_keys=null_keys,
        duplicate_keys=duplicates,
        acknowledged=ledger.count_acknowledged(),
        is_first_run=not ledger.has_run(),
        known_until=known_until,
    )
