"""`cdp sync send`: send what changed to the destinations."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.activation import guards, retiring
from cdp_cli.activation.spec import choose_names
from cdp_cli.commands import _syncs
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.project import load_project


@click.command("send")
@click.argument("names", nargs=-1)
@project_options
@click.option("--dry-run", is_flag=True, help="Show the plan and send nothing.")
@click.option("--accept-removals", is_flag=True, help="Remove more rows than the sync's guard allows.")
@click.option("--accept-empty", is_flag=True, help="Continue although the model is empty.")
@click.option("--accept-new-ledger", is_flag=True, help="Send everything again, without the lost ledger.")
@click.option(
    "--destination-changed",
    type=click.Choice(["same", "anew", "remove"]),
    help="What a change of destination, mode or key means: it is the same place, what is there stays and "
    "everything is sent anew, or it is removed there first; needs one NAME.",
)
@click.option(
    "--accept-holdout", is_flag=True, help="Leave at the destination who was sent and is held out now."
)
@click.option(
    "--take-over",
    metavar="OLD",
    help="Go on with the ledger of the sync OLD, which the project does not have any more; needs one NAME.",
)
@click.option(
    "--resolve-doubt",
    type=click.Choice(["applied", "not-applied"]),
    help="Whether rows without an answer were applied, after checking the destination; needs one NAME.",
)
@json_option
def send(
    settings: Settings,
    names: tuple[str, ...],
    dry_run: bool,
    accept_removals: bool,
    accept_empty: bool,
    accept_new_ledger: bool,
    destination_changed: str | None,
    accept_holdout: bool,
    take_over: str | None,
    resolve_doubt: str | None,
    as_json: bool,
) -> int:
    """Send what changed since the destinations last acknowledged it; all syncs, or those named.

    \b
    Example:
        cdp sync send --dry-run
        cdp sync klaviyo__newsletter
        cdp sync klaviyo__newsletter --destination-changed remove
    """
    for option, value in (
        ("--resolve-doubt", resolve_doubt),
        ("--destination-changed", destination_changed),
        ("--take-over", take_over),
    ):
        if value and (len(names) != 1 or dry_run):
            raise click.UsageError(f"{option} needs the name of exactly one sync, and no --dry-run.")
    project = load_project(settings)
    chosen = choose_names(project, names)
    given = {
        guards.ACCEPT_REMOVALS: accept_removals,
        guards.ACCEPT_EMPTY: accept_empty,
        guards.ACCEPT_NEW_LEDGER: accept_new_ledger,
        guards.ACCEPT_HOLDOUT: accept_holdout,
    }
    accepted = {guard for guard, is_given in given.items() if is_given}
    if destination_changed:
        accepted.add(f"destination-{destination_changed}")
    if take_over:
        retiring.take_over(settings, take_over, chosen[0], {sync.name for sync in project.syncs})
    if dry_run:
        results = _syncs.preview(settings, project, chosen, accepted=accepted)
    else:
        results = _syncs.send(
            settings,
            project,
            chosen,
            accepted=accepted,
            doubt_was_applied=resolve_doubt == "applied" if resolve_doubt else None,
        )
    if as_json:
        console.document({"dry_run": dry_run, "syncs": _syncs.as_document(results)})
    else:
        _syncs.show(results, planned=dry_run)
        _syncs.show_orphans(settings, project)
    return _syncs.exit_code(results)
