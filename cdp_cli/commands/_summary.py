"""The summary for a marketer: people, consent, segments, what was sent and what was blocked."""

from __future__ import annotations

from cdp_cli import console
from cdp_cli.status import Status

_SYNC_COLUMNS = (
    "sync", "status", "added", "changed", "removed", "unchanged", "blocked", "rejected", "in doubt",
)  # fmt: skip


def show(status: Status, *, with_syncs: bool = True) -> None:
    """Print everything of `status` except freshness; the syncs only if `with_syncs`."""
    if not status.people:
        console.say("No people yet: load data, then run `cdp run`.")
        return
    console.say(
        f"[bold]{status.records:,} records are {status.people:,} people[/bold] "
        f"and {status.anonymous:,} anonymous visitors."
    )
    console.say()
    console.table(
        "Sources",
        ["source", "records", "people", "linked to another source"],
        [(s.source, s.records, s.people, f"{s.matched:.0%}") for s in status.sources],
    )
    console.table(
        "Consent",
        ["purpose", "people who granted", "share of known people"],
        [(c.purpose, c.granted, f"{c.share:.0%}") for c in status.consent],
    )
    console.table("Segments", ["segment", "members"], [(s.label, s.members) for s in status.segments])
    if with_syncs and status.syncs:
        console.table(
            "Latest syncs",
            _SYNC_COLUMNS,
            [
                (
                    run["sync"], run["status"], run["added"], run["changed"], run["removed"],
                    run["unchanged"], run["blocked"], run["rejected"] + run["invalid"], run["in_doubt"],
                )
                for run in status.syncs
            ],
        )  # fmt: skip
    if with_syncs and status.blocked:
        console.table(
            "Blocked, and why",
            ["sync", "reason", "rows"],
            [(row["sync"], row["reason"], row["count_rows"]) for row in status.blocked],
        )
    if status.waiting_for_review:
        console.say(f"{status.waiting_for_review:,} pairs of records wait for a person to decide.")
    if status.failed_models:
        console.say(f"[bold]Failed in the last build:[/bold] {', '.join(status.failed_models)}")
