"""The rows that a destination refused: to read, and to let go again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_cli.activation.diff import PATIENCE_WITH_A_ROW
from cdp_cli.activation.ledger import open_ledger
from cdp_cli.activation.ledger_files import ledger_path


@dataclass(frozen=True)
class Refusal:
    """A row that was refused: how often as it is, whether it waits now, and the destination's reason."""

    key: str
    profile_id: str | None
    times: int
    waits: bool
    reason: str


def read(ledger_dir: Path, sync: str) -> list[Refusal]:
    """The rows that the destination refused when they were last sent, by key."""
    if not ledger_path(ledger_dir, sync).exists():
        return []
    with open_ledger(ledger_dir, sync, read_only=True) as ledger:
        found = ledger.work.execute(
            "select key, profile_id, times, coalesce(reason, 'no reason given') "
            "from ledger.refusals order by key"
        ).fetchall()
    return [
        Refusal(key, profile, times, times >= PATIENCE_WITH_A_ROW, why) for key, profile, times, why in found
    ]


def reasons(refused: Sequence[Refusal]) -> list[tuple[str, int]]:
    """The reasons with their rows, the most frequent first."""
    return sorted(Counter(row.reason for row in refused).items(), key=lambda one: (-one[1], one[0]))


def retry(ledger_dir: Path, sync: str) -> int:
    """Count the refusals of all rows anew; returns the number of rows that waited."""
    if not ledger_path(ledger_dir, sync).exists():
        return 0
    with open_ledger(ledger_dir, sync) as ledger:
        waiting = ledger.value("select count(*) from ledger.refusals where times >= ?", [PATIENCE_WITH_A_ROW])
        ledger.work.execute("delete from ledger.refusals")
    return waiting
