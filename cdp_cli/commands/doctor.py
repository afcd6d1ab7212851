"""`cdp doctor`: check everything that a run needs, and say what to do about each problem."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.doctor import Verdict, run_checks
from cdp_cli.errors import FixConfiguration

_MARKS = {
    Verdict.OK: "[green]ok[/green]",
    Verdict.WARNING: "[yellow]warning[/yellow]",
    Verdict.FAILED: "[red]failed[/red]",
}


@click.command("doctor")
@project_options
@json_option
def doctor(settings: Settings, as_json: bool) -> None:
    """Check the installation, the warehouse, sources, segments, syncs and connections.

    Exits with 4 if a check failed.

    \b
    Example:
        cdp doctor
    """
    checked = list(run_checks(settings))
    failed = sum(found.finding.verdict is Verdict.FAILED for found in checked)
    if as_json:
        console.document({"failed": failed, "checks": checked})
    else:
        for found in checked:
            mark, finding = _MARKS[found.finding.verdict], found.finding
            said = console.literal(f"{finding.what} {finding.remedy}".rstrip())
            console.say(f"{mark} [bold]{found.check}:[/bold] {said}")
    if failed:
        raise FixConfiguration(f"{failed} of {len(checked)} checks failed.", "Correct what is listed above.")
