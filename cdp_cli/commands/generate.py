"""`cdp generate`: write the lists of sources, trait groups and syncs; with --docs the reference."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cdp_cli import console, documentation
from cdp_cli.commands._help import command_helps
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.errors import FixModel
from cdp_cli.project import load_project
from cdp_cli.staging import generated as generating
from cdp_cli.stewardship.identity_sql import identity_sql


@click.command("generate")
@project_options
@click.option("--check", is_flag=True, help="Write nothing; fail if the files are not up to date.")
@click.option(
    "--docs",
    is_flag=True,
    hidden=not documentation.in_repository(),
    help="Write docs/reference/ of the engine's repository instead.",
)
@json_option
@click.pass_context
def generate(context: click.Context, settings: Settings, check: bool, docs: bool, as_json: bool) -> None:
    """Write models/unified from the properties files of the project.

    Run it after adding, changing or removing a model that names an entity in its meta, a trait group, a sync,
    or an entity of your own, and commit what it writes.

    \b
    Example:
        cdp generate
        cdp generate --check
    """
    if docs:
        _generate_docs(context, settings, check, as_json)
        return
    generated = generating.plan(settings.project_dir) if check else generating.write(settings.project_dir)
    changed = [str(path) for path in (*generated.different, *generated.stale)]
    if check:
        _refuse(changed, "the properties files say", "cdp generate")
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


def _generate_docs(context: click.Context, settings: Settings, check: bool, as_json: bool) -> None:
    documentation.check_repository(settings.project_dir)
    root = context.find_root().command
    assert isinstance(root, click.Group)
    inputs = Inputs(
        commands=command_helps(root),
        project=load_project(settings),
        identity_keys_sql=identity_sql(settings).models["identity_keys"].sql,
    )
    pages = documentation.plan(inputs) if check else documentation.write(inputs)
    changed = [str(path) for path in (*pages.different, *pages.stale)]
    if check:
        _refuse(changed, "the code, the seeds and the properties files say", "cdp generate --docs")
    if as_json:
        console.document({"pages": [str(path) for path in pages.pages], "changed": changed})
        return
    console.say(f"Written: {', '.join(changed)}." if changed else "All pages are up to date.")


def _refuse(changed: Sequence[str], source: str, command: str) -> None:
    if changed:
        raise FixModel(
            f"{', '.join(changed)} {'is' if len(changed) == 1 else 'are'} not what {source}.",
            f"Run `{command}` and commit the result.",
        )
