"""Warehouse."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_cli.config import Settings
from cdp_cli.doctor import Finding, Verdict
from cdp_cli.warehouse import open_warehouse


def check(settings: Settings) -> Iterator[Finding]:
    """The target's warehouse can be opened, and no other process holds it."""
    with open_warehouse(settings, wait_seconds=1.0):
        yield Finding(Verdict.OK, f"target {settings.target!r} ({settings.profile['type']}) opens")
