"""`cdp generate`: write the union of all sources from the properties files of the staging models."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.entities import vocabulary
from cdp_cli.errors import FixModel
from cdp_cli.staging import union


@click.command("generate")
@project_options
@click.option("--check", is_flag=True, help="Write nothing; fail if the files are not up to date.")
@json_option
def generate(settings: Settings, check: bool, as_json: bool) -> None:
    """Write models/unified from the properties files of the staging models.

    Run it after adding, changing or removing a staging model that names an entity in its meta, and
    commit what it writes.

    \b
    Example:
        cdp generate
        cdp generate --check
    """
    generated = union.plan(settings.project_dir) if check else union.write(settings.project_dir)
    changed = [str(path) for path in (*generated.different, *generated.stale)]
    if check and changed:
        raise FixModel(
            f"{', '.join(changed)} {'is' if len(changed) == 1 else 'are'} not what the staging models say.",
            "Run `cdp generate` and commit the result.",
        )
    rows = [
        {
            "model": model.name,
            "entity": model.entity,
            "source": model.source,
            "unified": vocabulary()[model.entity].model,
            "not_unified": sorted(
                set(model.columns) - {column.name for column in vocabulary()[model.entity].columns}
            ),
        }
        for model in generated.models
    ]
    if as_json:
        console.document({"models": rows, "changed": changed})
        return
    console.table(
        "Staging models",
        ["model", "entity", "source", "goes into", "columns left out"],
        [
            [row["model"], row["entity"], row["source"], row["unified"], ", ".join(row["not_unified"])]
            for row in rows
        ],
    )
    console.say(f"Written: {', '.join(changed)}." if changed else "All files are up to date.")
