"""`cdp generate`: write the lists of the sources of each entity, of the trait groups and of the syncs."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.errors import FixModel
from cdp_cli.staging import generated as generating


@click.command("generate")
@project_options
@click.option("--check", is_flag=True, help="Write nothing; fail if the files are not up to date.")
@json_option
def generate(settings: Settings, check: bool, as_json: bool) -> None:
    """Write models/unified from the properties files of the project.

    Run it after adding, changing or removing a model that names an entity in its meta, a trait group, a sync,
    or an entity of your own, and commit what it writes.

    \b
    Example:
        cdp generate
        cdp generate --check
    """
    generated = generating.plan(settings.project_dir) if check else generating.write(settings.project_dir)
    changed = [str(path) for path in (*generated.different, *generated.stale)]
    if check and changed:
        raise FixModel(
            f"{', '.join(changed)} {'is' if len(changed) == 1 else 'are'} not what the properties files say.",
            "Run `cdp generate` and commit the result.",
        )
    rows = [
        {
            "model": model.name,
            "entity": model.entity,
            "source": model.source,
            "unified": generated.entities[model.entity].model,
            "not_unified": model.unused(generated.entities[model.entity]),
        }
        for model in generated.models
    ]
    if as_json:
        groups = [
            {"group": group.name, "traits": [trait.name for trait in group.traits]}
            for group in generated.groups
        ]
        console.document({"models": rows, "trait_groups": groups, "changed": changed})
        return
    console.table(
        "Models that give rows of an entity",
        ["model", "entity", "source", "goes into", "columns not used"],
        [
            [row["model"], row["entity"], row["source"], row["unified"], ", ".join(row["not_unified"])]
            for row in rows
        ],
    )
    console.table(
        "Trait groups",
        ["group", "traits"],
        [[group.name, str(len(group.traits))] for group in generated.groups],
    )
    console.say(f"Written: {', '.join(changed)}." if changed else "All files are up to date.")
