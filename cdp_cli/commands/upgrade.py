"""`cdp upgrade`: bring a project to the installed version."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.scaffold import upgrading


@click.command("upgrade")
@project_options
@json_option
def upgrade(settings: Settings, as_json: bool) -> None:
    """Bring the project to the installed version of the engine, and say what that version changes.

    Installs the engine's dbt package, writes models/unified again and checks that dbt reads the project. If
    a step fails, the project's files stay as they were. Data changes in the next `dbt build` only.

    \b
    Example:
        pip install --upgrade cdp_cli-*.whl
        cdp upgrade
    """
    with console.progress("Upgrading"):
        done = upgrading.upgrade(settings)
    if as_json:
        console.document(
            {
                "before": done.before,
                "after": done.after,
                "notes": done.notes,
                "changes": [{"file": change.path, "what": change.what} for change in done.changes],
            }
        )
        return
    if done.before == done.after:
        console.say(f"The project is at version {done.after} already.")
    else:
        console.say(f"From version {done.before or 'unknown'} to version {done.after}.")
    for note in done.notes:
        version, _, text = note.partition("\n")
        console.say(f"\n[bold]Upgrading to {version}[/bold]\n{console.literal(text)}\n")
    if done.changes:
        console.table("Changes", ["file", "what"], [(str(c.path), c.what) for c in done.changes])
    console.say("Next: read the changes with git, then run `cdp run` or `dbt build`.")
