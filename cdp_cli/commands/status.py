"""`cdp status`: the state of the platform, its freshness, what waits and what failed."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands import _summary
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.project import load_project
from cdp_cli.status import read_status
from cdp_cli.warehouse import open_warehouse


@click.command("status")
@project_options
@json_option
def status(settings: Settings, as_json: bool) -> None:
    """Show freshness, sizes, the latest syncs, what waits and what failed.

    \b
    Example:
        cdp status --json
    """
    project = load_project(settings)
    with open_warehouse(settings) as warehouse:
        found = read_status(settings, project, warehouse)
    if as_json:
        console.document(found)
        return
    _summary.show(found)
    console.table(
        "Raw tables",
        ["table", "rows", "latest arrival (UTC)"],
        [
            (f.table, f.rows, f.loaded_at.strftime("%Y-%m-%d %H:%M") if f.loaded_at else None)
            for f in found.freshness
        ],
    )
