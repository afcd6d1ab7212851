"""`cdp sync retire`: remove what a sync left at its destination."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.activation import retiring
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration
from cdp_cli.project import load_project


@click.command("retire")
@click.argument("name")
@click.option("--forget", is_flag=True, help="Leave the rows there and delete the ledger that knows them.")
@project_options
@json_option
def retire(settings: Settings, name: str, forget: bool, as_json: bool) -> int:
    """Remove what a sync that is gone from the project left at its destination, then delete its ledger.

    \b
    Example:
        cdp sync retire klaviyo__old_newsletter
    """
    if name in {sync.name for sync in load_project(settings).syncs}:
        raise FixConfiguration(
            f"The sync {name} is in the project.",
            "Remove its model first; a sync whose destination changed takes `--destination-changed remove`.",
        )
    if forget:
        left = retiring.forget(settings, name)
        if as_json:
            console.document({"name": name, "removed": 0, "left": left})
        else:
            console.say(f"The ledger of {name} is deleted; {left:,} rows stay at its destination.")
        return 0
    retired = retiring.retire(settings, name)
    if not retired.left:
        retiring.forget(settings, name)
    if as_json:
        console.document({"name": name, "removed": retired.removed, "left": retired.left})
    else:
        console.say(f"{retired.removed:,} rows were removed there, {retired.left:,} are left.")
    if retired.error is not None:
        raise retired.error
    return 0
