"""What `cdp sync` and `cdp run` share: run the syncs independently of each other, and show the results."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from cdp_cli import console
from cdp_cli.activation import bound_to, guards, retiring
from cdp_cli.activation.engine import SyncResult, plan_sync, run_sync
from cdp_cli.activation.plan import Plan
from cdp_cli.activation.spec import Sync, load_sync
from cdp_cli.activation.trials import Pace
from cdp_cli.commands._at_once import contained, run_at_once
from cdp_cli.config import Settings
from cdp_cli.destinations import connect
from cdp_cli.errors import CdpError, CheckDestination
from cdp_cli.project import Project

_COUNTS = (
    "added", "changed", "removed", "unchanged", "invalid", "rejected", "quarantined", "in_doubt", "pending",
)  # fmt: skip
_RARE = {"invalid", "rejected", "quarantined", "in_doubt", "pending"}


def send(
    settings: Settings,
    project: Project,
    names: Sequence[str],
    *,
    accepted: Collection[str] = (),
    doubt_was_applied: bool | None = None,
) -> list[SyncResult]:
    """Run the syncs, several at once. An error is in its result and stops no other sync.

    Syncs of one object of a connection run one after the other, because their order may matter there.
    """
    lanes: dict[tuple[str, ...], list[str]] = {}
    syncs: dict[str, Sync] = {}
    failed: dict[str, SyncResult] = {}
    known = {sync.name for sync in project.syncs}
    for name in names:
        try:
            sync = syncs[name] = load_sync(project, name)
            lanes.setdefault((sync.spec.connection, sync.spec.object), []).append(name)
        except CdpError as error:
            failed[name] = SyncResult(name, "failed", error=error)

    def run(name: str, stopping: threading.Event) -> SyncResult:
        sync = syncs[name]
        destination = connect(sync.spec.connection, sync.spec.object, settings)
        if bound_to.REMOVE_THERE in accepted and (retired := retiring.retire(settings, name)).left:
            raise retired.error or _left(name, retired.left)
        retiring.check_renamed(settings, sync, destination, known)
        return run_sync(
            settings,
            sync,
            destination,
            accepted=accepted,
            doubt_was_applied=doubt_was_applied,
            pace=Pace(stopping=stopping),
        )

    done = failed | run_at_once(lanes.values(), run)
    return [done[name] for name in names]


def preview(
    settings: Settings, project: Project, names: Iterable[str], *, accepted: Collection[str] = ()
) -> list[SyncResult]:
    """What each sync would do now: a result with the status `planned`, or the guard that would stop it."""

    def plan(name: str) -> SyncResult:
        sync = load_sync(project, name)
        planned = plan_sync(settings, sync, connect(sync.spec.connection, sync.spec.object, settings))
        try:
            guards.check(planned, accepted)
        except CdpError as error:
            return _planned(planned, error)
        return _planned(planned, None)

    return [contained(name, partial(plan, name)) for name in names]


def as_document(results: Sequence[SyncResult]) -> list[dict[str, Any]]:
    """The results as `--json` prints them."""
    return [
        {
            "name": result.name,
            "status": result.status,
            "added": result.added,
            "changed": result.changed,
            "removed": result.removed,
            "unchanged": result.unchanged,
            "blocked": dict(result.blocked),
            "invalid": sum(result.invalid.values()),
            "invalid_reasons": dict(result.invalid),
            "rejected": result.rejected,
            "quarantined": result.quarantined,
            "in_doubt": result.in_doubt,
            "pending": result.pending,
            "requests": result.requests,
            "seconds": result.seconds,
            "samples": [{"operation": one.operation, "row": one.row} for one in result.samples],
            "first_run": result.is_first_run,
            "published": result.is_published,
            "error": _error(result.error),
        }
        for result in results
    ]


def show(results: Sequence[SyncResult], *, planned: bool) -> None:
    """Print the results as a table, then the errors and what to do about them."""
    if not results:
        console.say("There is nothing to sync: no model in models/activation/ has meta.sync.")
        return
    shown = [name for name in _COUNTS if name not in _RARE or any(_count(r, name) for r in results)]
    console.table(
        "What would be sent" if planned else "What was sent",
        ["sync", "status", *(name.replace("_", " ") for name in shown), "blocked"],
        [
            (r.name, r.status, *(_count(r, name) for name in shown), _reasons(r.blocked) or None)
            for r in results
        ],
    )
    rows = sum(result.added + result.changed + result.removed for result in results)
    if planned and rows:
        _show_effort(results, rows)
    elif planned:
        console.say("There is nothing to send.")
    elif rows:
        requests = sum(result.requests for result in results)
        console.say(f"{rows:,} rows were sent in {requests:,} request{'' if requests == 1 else 's'}.")
    elif not any(result.error for result in results):
        console.say("There was nothing to send: the destinations have everything already.")
    _notes(results)


def _show_effort(results: Sequence[SyncResult], rows: int) -> None:
    """What a plan would take, and a few of its rows."""
    requests, minutes = sum(r.requests for r in results), max(r.seconds for r in results) / 60
    least = f", at least {minutes:,.0f} minutes at the destination's rate limit" if minutes >= 1 else ""
    console.say(f"{rows:,} rows would be sent in {requests:,} requests{least}; nothing was sent.")
    console.table(
        "A few of the rows, masked",
        ["sync", "operation", "row"],
        [
            (result.name, one.operation, json.dumps(one.row, ensure_ascii=False))
            for result in results
            for one in result.samples
        ],
    )


def _notes(results: Sequence[SyncResult]) -> None:
    """The errors and what to do about them, and what a person should know besides."""
    for result in results:
        if result.error is not None:
            problem, remedy = console.literal(result.error.problem), console.literal(result.error.remedy)
            console.note(f"[bold]{problem}[/bold] {remedy}")
        if result.invalid:
            console.note(f"{result.name}: not sent, because invalid: {_reasons(result.invalid)}.")
        if result.quarantined:
            console.note(
                f"{result.name}: {result.quarantined:,} rows were refused again and again, and wait until "
                f"they change; `cdp sync rejected {result.name}` says why."
            )
        if not result.is_published:
            console.note(
                f"The warehouse is in use, so the results of {result.name} wait in its ledger; "
                "the next run publishes them."
            )


def show_orphans(settings: Settings, project: Project) -> None:
    """Say what syncs that are gone from the project left at their destinations."""
    for orphan in retiring.orphans(settings, {sync.name for sync in project.syncs}):
        console.note(
            f"{orphan.name} is gone from the project, and its destination still has {orphan.rows:,} rows "
            f"from it; `cdp sync retire {orphan.name}` removes them there."
        )


def exit_code(results: Sequence[SyncResult]) -> int:
    """The highest exit code of the results."""
    return max((result.error.exit_code for result in results if result.error is not None), default=0)


def _planned(plan: Plan, error: CdpError | None) -> SyncResult:
    return SyncResult(
        name=plan.sync.name,
        status="planned" if error is None else "stopped",
        added=plan.added,
        changed=plan.changed,
        removed=plan.removed,
        unchanged=plan.unchanged,
        blocked=plan.blocked,
        invalid=plan.invalid,
        quarantined=plan.quarantined,
        in_doubt=plan.in_doubt,
        requests=plan.requests,
        seconds=round(plan.seconds, 1),
        samples=plan.samples,
        is_first_run=plan.is_first_run,
        error=error,
    )


def _left(name: str, rows: int) -> CdpError:
    return CheckDestination(
        f"Sync {name}: {rows:,} rows could not be removed at the old place.",
        f"Run it again; `cdp sync rejected {name}` says what was refused.",
    )


def _count(result: SyncResult, name: str) -> int:
    counted = getattr(result, name)
    return sum(counted.values()) if isinstance(counted, Mapping) else int(counted)


def _reasons(blocked: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {rows:,}" for reason, rows in blocked.items())


def _error(error: CdpError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {"problem": error.problem, "remedy": error.remedy, "exit_code": error.exit_code}
