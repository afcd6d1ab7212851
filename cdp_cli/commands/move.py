"""`cdp move`: copy the logs, the raw tables and the ledgers to another target."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli import move as moving
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings, find_settings
from cdp_cli.project import load_project


@click.command("move")
@click.option("--to", required=True, metavar="TARGET", help="The target in profiles.yml to move to.")
@project_options
@json_option
def move(settings: Settings, to: str, as_json: bool) -> None:
    """Copy what cannot be rebuilt to another target: logs, raw tables, and the syncs' ledgers.

    Profile ids, decisions, segment entries and what each destination has stay as they are. The models are not
    copied: build them there. Nothing is deleted here, but send from one target only.

    \b
    Example:
        cdp move --to cluster
        cdp run --target cluster
    """
    other = find_settings(settings.project_dir, to)
    project, other_project = load_project(settings), load_project(other)
    with console.progress(f"Moving to {to}"):
        moved = moving.move(settings, project, other, other_project)
    if as_json:
        console.document(moved)
        return
    console.table(
        f"Now in the target {to}",
        ["table", "rows", ""],
        [(each.table, each.rows, "was there" if each.was_there else "copied") for each in moved.tables],
    )
    console.say(
        f"{len(moved.ledgers)} ledgers were copied. Continue with `cdp run --target {to}`, and only there."
    )
