"""`cdp run`: build everything, then send what changed."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from cdp_cli import console, dbt
from cdp_cli.activation.downstream import untrusted_syncs
from cdp_cli.activation.engine import SyncResult
from cdp_cli.commands import _summary, _syncs
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.errors import ConfirmFirst, FixModel
from cdp_cli.identity.clustering.change_guard import OPTION
from cdp_cli.log import masked
from cdp_cli.project import load_project
from cdp_cli.status import read_status
from cdp_cli.warehouse import open_warehouse

_SLOWEST = 10

# Unit tests check the SQL on made-up rows, so they are for changes of the code and not for new data.
_DATA_ONLY = ("--exclude-resource-type", "unit_test")

# An error of our own Python models is in the last line of the traceback, after the name of its class.
_OUR_ERROR = re.compile(r"^\s*cdp_cli\.errors\.\w+: (.+)$", re.MULTILINE)


@click.command("run")
@project_options
@click.option("--full-refresh", is_flag=True, help="Rebuild incremental models; logs and ids are kept.")
@click.option(
    "--accept-identity-change",
    is_flag=True,
    help="Publish although more profiles merge or split than the var identity_change_guard allows.",
)
@json_option
def run(settings: Settings, full_refresh: bool, accept_identity_change: bool, as_json: bool) -> int:
    """Build the models, then send what changed.

    A sync that depends on a failed model is not sent; the others are. Data tests run with the models. Unit
    tests do not; `dbt build` runs them too.

    \b
    Example:
        cdp run
        cdp run --json
    """
    with console.progress("Building") as tell:
        done = 0

        def on_node(name: str) -> None:
            nonlocal done
            done += 1
            tell(f"Building: {done} steps done, last {name}")

        options = ["--full-refresh"] if full_refresh else []
        if accept_identity_change:
            options += ["--vars", json.dumps({"accept_identity_change": True})]
        built = dbt.build(settings, [*_DATA_ONLY, *options], on_node)
    project = load_project(settings)
    untrusted = untrusted_syncs(project, built)
    results = _syncs.send(settings, project, [s.name for s in project.syncs if s.name not in untrusted])
    results += [_skipped(name, because) for name, because in untrusted.items()]
    results.sort(key=lambda result: result.name)
    failures = [{"name": node.name, "message": _sentence(node.message)} for node in built.failures]
    if as_json:
        console.document({"build": _build(built, failures), "syncs": _syncs.as_document(results)})
    else:
        _show_build(built, failures)
        with open_warehouse(settings) as warehouse:
            _summary.show(read_status(settings, project, warehouse), with_syncs=False)
        _syncs.show(results, planned=False)
    return max(_syncs.exit_code(results), _exit_code(built))


def _skipped(name: str, because: str) -> SyncResult:
    return SyncResult(
        name,
        "skipped",
        error=FixModel(f"Sync {name} was not sent, because {because} failed.", "Correct it and run again."),
    )


def _build(built: dbt.BuildResult, failures: list[dict[str, str]]) -> dict[str, Any]:
    slowest = sorted(built.nodes, key=lambda node: node.seconds, reverse=True)[:_SLOWEST]
    return {
        "seconds": round(built.seconds, 3),
        "steps": len(built.nodes),
        "failures": failures,
        "skipped": [node.name for node in built.skipped],
        "slowest": [{"name": node.name, "seconds": round(node.seconds, 3)} for node in slowest],
    }


def _show_build(built: dbt.BuildResult, failures: list[dict[str, str]]) -> None:
    console.say(f"Built {len(built.nodes) - len(built.skipped):,} steps in {built.seconds:.1f} seconds.")
    for failure in failures:
        console.note(f"[bold]{failure['name']} failed:[/bold] {failure['message']}")
    if failures and built.skipped:
        console.note(
            f"{len(built.skipped):,} steps after it were skipped; their last good tables are still in place."
        )
    console.say()


def _exit_code(built: dbt.BuildResult) -> int:
    if any(OPTION in node.message for node in built.failures):
        return ConfirmFirst.exit_code
    return FixModel.exit_code if built.failures else 0


def _sentence(message: str) -> str:
    """The first informative line of dbt's message about a failure, without personal data."""
    ours = _OUR_ERROR.search(message)
    if ours is not None:
        return masked(ours.group(1))
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    headings = ("Runtime Error in", "Database Error in", "Compilation Error in")
    telling = [line for line in lines if not line.startswith(headings)]
    return masked((telling or lines or ["dbt gave no reason."])[0])
