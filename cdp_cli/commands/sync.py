"""`cdp sync`: send what changed to the destinations."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.activation import guards
from cdp_cli.activation.spec import choose_names
from cdp_cli.commands import _syncs
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.project import load_project


@click.command("sync")
@click.argument("names", nargs=-1)
@project_options
@click.option("--dry-run", is_flag=True, help="Show the plan and send nothing.")
@click.option("--accept-removals", is_flag=True, help="Remove more rows than the sync's guard allows.")
@click.option("--accept-empty", is_flag=True, help="Continue although the model is empty.")
@click.option("--accept-new-ledger", is_flag=True, help="Send everything again, without the lost ledger.")
@click.option(
    "--resolve-doubt",
    type=click.Choice(["applied", "not-applied"]),
    help="Whether rows without an answer were applied, after checking the destination; needs one NAME.",
)
@json_option
def sync(
    settings: Settings,
    names: tuple[str, ...],
    dry_run: bool,
    accept_removals: bool,
    accept_empty: bool,
    accept_new_ledger: bool,
    resolve_doubt: str | None,
    as_json: bool,
) -> int:
    """Send what changed since the destinations last acknowledged it; all syncs, or those named.

    \b
    Example:
        cdp sync --dry-run
        cdp sync klaviyo__newsletter
    """
    if resolve_doubt and (len(names) != 1 or dry_run):
        raise click.UsageError("--resolve-doubt needs the name of exactly one sync, and no --dry-run.")
    project = load_project(settings)
    chosen = choose_names(project, names)
    given = {
        guards.ACCEPT_REMOVALS: accept_removals,
        guards.ACCEPT_EMPTY: accept_empty,
        guards.ACCEPT_NEW_LEDGER: accept_new_ledger,
    }
    accepted = {guard for guard, is_given in given.items() if is_given}
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
    return _syncs.exit_code(results)
