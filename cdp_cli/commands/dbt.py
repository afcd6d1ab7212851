"""`cdp dbt`: run any dbt command on the target's engine."""

from __future__ import annotations

import click

from cdp_cli import dbt as dbt_process
from cdp_cli.commands._options import project_options
from cdp_cli.config import Settings


@click.command("dbt", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="DBT-ARGUMENTS...", required=True)
@project_options
def dbt(settings: Settings, arguments: tuple[str, ...]) -> int:
    """Run a dbt command with its own options; its exit code is dbt's.

    Where the models run in a session of cdp's own process, dbt by itself does not know the Python models:
    this does.

    \b
    Example:
        cdp dbt build --select +at_risk_of_churn
    """
    return dbt_process.run(settings, arguments)
