"""Syncs."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_cli.activation.ledger import open_ledger
from cdp_cli.activation.ledger_files import ledger_path
from cdp_cli.activation.spec import choose_names, load_sync
from cdp_cli.config import Settings
from cdp_cli.doctor import Finding, Verdict
from cdp_cli.errors import CdpError
from cdp_cli.project import load_project


def check(settings: Settings) -> Iterator[Finding]:
    """Every sync is completely configured, and no ledger holds rows without an answer."""
    project = load_project(settings)
    for name in choose_names(project):
        try:
            load_sync(project, name)
            doubtful = _rows_in_doubt(settings, name)
        except CdpError as error:
            yield Finding(Verdict.FAILED, error.problem, error.remedy)
            continue
        if doubtful:
            yield Finding(
                Verdict.WARNING,
                f"{name} has {doubtful:,} rows without an answer.",
                f"Run `cdp sync {name}`; if they stay, check the destination and use --resolve-doubt.",
            )
        else:
            yield Finding(Verdict.OK, f"{name} is complete")


def _rows_in_doubt(settings: Settings, name: str) -> int:
    if not ledger_path(settings.ledger_dir, name).exists():
        return 0
    with open_ledger(settings.ledger_dir, name, read_only=True) as ledger:
        return ledger.count_in_doubt()
