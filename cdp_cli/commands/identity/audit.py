"""`cdp identity audit`: what the last run merged, and where profiles are weakest."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.project import load_project
from cdp_cli.stewardship.audit import Audit, Bridge
from cdp_cli.stewardship.audit import audit as audited
from cdp_cli.stewardship.reading import read_audited
from cdp_cli.stewardship.settings import identity_settings
from cdp_cli.warehouse import open_warehouse


@click.command("audit")
@click.option(
    "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Rows of each list at most."
)
@json_option
@project_options
def audit(settings: Settings, limit: int, as_json: bool) -> None:
    """Print what to look at before you trust the profiles.

    Sizes now and before the last run, its largest merges, the records and pairs without which a profile falls
    apart, the weakest links, and profiles with several accounts, cards or citizen numbers.

    \b
    Examples:
        cdp identity audit
        cdp identity audit --limit 50 --json
    """
    relations = load_project(settings).relations
    bands = identity_settings(settings).bands
    with open_warehouse(settings) as warehouse:
        tables = read_audited(warehouse, relations)
    with console.progress("Auditing"):
        found = audited(*tables, limit=limit, bands=bands)
    if as_json:
        console.document(found)
    else:
        _show(found)


def _show(found: Audit) -> None:
    moment = "never" if found.last_run_at is None else f"{found.last_run_at:%Y-%m-%d %H:%M}"
    console.say(
        f"{found.records:,} records are {found.profiles:,} profiles; the largest has {found.largest:,}. "
        f"Before the last run that changed any ({moment}) there were {found.profiles_before:,}, the largest "
        f"of {found.largest_before:,}.\n"
    )
    console.table(
        "Records of a profile",
        ["records", "profiles", "before"],
        [(row.records, row.profiles, row.profiles_before) for row in found.sizes],
    )
    _list(
        f"{found.count_merges:,} profiles merged into others by that run",
        ["profile", "into", "records", "of", "by", "probability"],
        [
            (m.retired_profile_id, m.profile_id, m.count_records, m.records_of_profile, m.linked_by,
             m.linked_probability)
            for m in found.merges
        ],
    )  # fmt: skip
    _list(
        f"{found.count_bridges:,} bridges: without one, its profile falls apart",
        ["profile", "records", "cuts off", "bridge"],
        [(b.profile_id, b.records, b.cut_off, _bridge(b)) for b in found.bridges],
    )
    _list(
        "The weakest links, one a profile",
        ["profile", "records", "one", "other", "by", "probability"],
        [
            (w.profile_id, w.records, console.literal(w.left_record_id), console.literal(w.right_record_id),
             w.linked_by, w.probability)
            for w in found.weakest
        ],
    )  # fmt: skip
    _list(
        f"{found.count_conflicts:,} profiles with several of what a person has one of",
        ["profile", "identifier", "source", "values", "records"],
        [
            (c.profile_id, c.identifier_type, c.source, c.count_values,
             console.literal(", ".join(c.record_ids)))
            for c in found.conflicts
        ],
    )  # fmt: skip
    if found.unconnected:
        console.say(
            f"{found.unconnected:,} links are missing: pairs that held a profile are not in force now."
        )


def _list(title: str, columns: list[str], rows: list[tuple[object, ...]]) -> None:
    if rows:
        console.table(title, columns, rows)
    else:
        console.say(f"{title}: none.\n")


def _bridge(bridge: Bridge) -> str:
    if bridge.other_record_id is None:
        return f"record {console.literal(bridge.record_id)}"
    return f"pair {console.literal(bridge.record_id)} and {console.literal(bridge.other_record_id)}"
