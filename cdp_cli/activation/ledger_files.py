"""Where the ledgers and outboxes of a target are, by the names of their syncs."""

from __future__ import annotations

from pathlib import Path

_OUTBOX = ".outbox.duckdb"


def ledger_path(ledger_dir: Path, sync: str) -> Path:
    """Where a sync's ledger is."""
    return ledger_dir / f"{sync}.duckdb"


def outbox_path(ledger_dir: Path, sync: str) -> Path:
    """Where the rows of a sync's batches are."""
    return ledger_dir / f"{sync}{_OUTBOX}"


def ledger_names(ledger_dir: Path) -> tuple[str, ...]:
    """The syncs that have a ledger, sorted, whether or not the project has them."""
    names = [path.name for path in ledger_dir.glob("*.duckdb") if not path.name.endswith(_OUTBOX)]
    return tuple(sorted(name.removesuffix(".duckdb") for name in names))
