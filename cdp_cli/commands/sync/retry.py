"""`cdp sync retry`: let rows that were refused again and again be sent once more."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.activation import refusals
from cdp_cli.activation.spec import choose_names
from cdp_cli.commands._options import project_options
from cdp_cli.config import Settings
from cdp_cli.project import load_project


@click.command("retry")
@click.argument("name")
@project_options
def retry(settings: Settings, name: str) -> int:
    """Let the rows of a sync that wait because they were refused be sent by the next run.

    \b
    Example:
        cdp sync retry klaviyo__newsletter
    """
    choose_names(load_project(settings), [name])
    waiting = refusals.retry(settings.ledger_dir, name)
    console.say(
        f"{waiting:,} rows are sent again by the next `cdp sync {name}`." if waiting else "No row waits."
    )
    return 0
