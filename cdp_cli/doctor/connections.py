"""Connections."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_cli.config import Settings
from cdp_cli.destinations import connect, connections
from cdp_cli.doctor import Finding, Verdict
from cdp_cli.errors import CdpError


def check(settings: Settings) -> Iterator[Finding]:
    """Every connection in connections.yml is complete, and its destination accepts its secrets."""
    for name in connections(settings):
        try:
            connect(name, None, settings).check()
        except CdpError as error:
            yield Finding(Verdict.FAILED, error.problem, error.remedy)
        else:
            yield Finding(Verdict.OK, f"{name} answers")
