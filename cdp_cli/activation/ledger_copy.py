"""Copies the ledgers of one target to another, while no sync can write to them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from cdp_cli.activation.ledger import attach
from cdp_cli.activation.ledger_files import ledger_names, ledger_path


@contextmanager
def held_ledgers(ledger_dir: Path) -> Iterator[None]:
    """Keep every sync of the folder from running. Raises TryAgain if one is."""
    with ExitStack() as held:
        for sync in ledger_names(ledger_dir):
            connection = held.enter_context(duckdb.connect(":memory:"))
            attach(connection, ledger_path(ledger_dir, sync), sync, "held", read_only=True)
        yield


def copy_ledgers(source: Path, target: Path) -> tuple[str, ...]:
    """Copy all ledgers, with the rows that have no answer yet, in one step; returns the syncs' names.

    They must be held, and `target` must have none.
    """
    syncs = ledger_names(source)
    if not syncs:
        return ()
    aside = target.with_name(f"{target.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(source, aside, ignore=shutil.ignore_patterns("*.overflow", "*.new"))
    if target.exists():
        shutil.rmtree(target)
    aside.rename(target)
    return syncs
