"""`cdp sync rejected`: which rows a destination refused, and why."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.activation import refusals
from cdp_cli.activation.spec import choose_names
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.project import load_project


@click.command("rejected")
@click.argument("name")
@click.option("--limit", default=20, show_default=True, help="Rows to show; 0 shows all.")
@project_options
@json_option
def rejected(settings: Settings, name: str, limit: int, as_json: bool) -> int:
    """Show the rows that the destination refused: the reasons first, then the rows by key.

    A row that was refused three times as it is waits until it changes, or for `cdp sync retry`.

    \b
    Example:
        cdp sync rejected klaviyo__newsletter
    """
    choose_names(load_project(settings), [name])
    found = refusals.read(settings.ledger_dir, name)
    if as_json:
        console.document({"name": name, "rows": [row.__dict__ for row in found]})
        return 0
    if not found:
        console.say(f"The destination refuses no row of {name}.")
        return 0
    console.table("Reasons", ["reason", "rows"], refusals.reasons(found))
    shown = found[:limit] if limit else found
    console.table(
        "Rows",
        ["key", "profile", "times", "waits", "reason"],
        [(row.key, row.profile_id, row.times, "yes" if row.waits else "no", row.reason) for row in shown],
    )
    if len(shown) < len(found):
        console.say(f"{len(found) - len(shown):,} more; --limit 0 shows them.")
    return 0
