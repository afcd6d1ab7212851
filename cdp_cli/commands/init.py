"""`cdp init`: make a project, or add the engine to a dbt project."""

from __future__ import annotations

from pathlib import Path

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option
from cdp_cli.scaffold.initialising import initialise
from cdp_cli.scaffold.templates import installed_version


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--git", "url", help="Take the engine's dbt package from this git repository.")
@click.option("--revision", help="Its tag; by default the tag of this version, such as v1.2.3.")
@json_option
def init(folder: Path, url: str | None, revision: str | None, as_json: bool) -> None:
    """Make a project in FOLDER, or add the engine to the dbt project that is there.

    In a dbt project no model changes: it gets the package, folders for segments and syncs, and their
    configuration. If a file cannot be edited safely, nothing is changed, and the lines to add are printed.

    \b
    Example:
        cdp init shop
        cdp init --git https://git.example.com/cdp.git
    """
    if revision and not url:
        raise click.UsageError("--revision goes with --git.")
    git = (url, revision or f"v{installed_version()}") if url else None
    with console.progress("Setting up"):
        done = initialise(folder.resolve(), git)
    if as_json:
        console.document(
            {
                "project_dir": done.project_dir,
                "new": done.is_new,
                "changes": [{"file": change.path, "what": change.what} for change in done.changes],
                "advice": done.advice,
            }
        )
        return
    generated = [change for change in done.changes if change.what.startswith("written")]
    rows = [(str(change.path), change.what) for change in done.changes if change not in generated]
    if generated:
        rows.append((f"{generated[0].path.parent}/", f"{len(generated)} files written by `cdp generate`"))
    if rows:
        console.table("New project" if done.is_new else "Changes", ["file", "what"], rows)
    else:
        console.say("The project has all of it already: nothing was changed.")
    for advice in done.advice:
        console.say(console.literal(advice))
    console.say("Next: add a source (docs: tutorial/first-project.md), run `cdp generate`, then `cdp run`.")
