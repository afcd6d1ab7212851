"""`cdp identity undo`: take a decision back."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.commands.identity._options import by_option, decider, reason
from cdp_cli.config import Settings
from cdp_cli.identity.clustering.decisions import Row
from cdp_cli.project import load_project
from cdp_cli.stewardship.deciding import decisions_in_force, store_undo
from cdp_cli.warehouse import open_warehouse


@click.command("undo")
@click.argument("asked", metavar="RECORD RECORD | DECISION", nargs=-1)
@click.option("--why", help="Your reason, for those who come after.")
@by_option
@json_option
@project_options
def undo(settings: Settings, asked: tuple[str, ...], why: str | None, by: str | None, as_json: bool) -> None:
    """Take back a decision: that about two records, or that with an id. The next build acts on it.

    The records fall back to what the evidence says. A split is taken back as one. Nothing is deleted: the
    log says who decided, who took it back, and why. Without arguments, lists what can be undone.

    \b
    Examples:
        cdp identity undo
        cdp identity undo crm_contact:17 shop_customer:4 --why "another John"
    """
    if len(asked) > 2:
        raise click.UsageError("Name two records, or one decision by its id.")
    relations = load_project(settings).relations
    if not asked:
        with open_warehouse(settings) as warehouse:
            held = decisions_in_force(warehouse, relations)
        _show(held, as_json)
        return
    why = reason(why)
    with open_warehouse(settings, read_only=False) as warehouse:
        rows = store_undo(warehouse, relations, asked, decider(by), why)
    if as_json:
        console.document(rows.to_pylist())
        return
    left, right = rows.column("left_record_id"), rows.column("right_record_id")
    what = f"the decision about {left[0]} and {right[0]}"
    if rows.num_rows > 1:
        records = {record.as_py() for column in (left, right) for record in column}
        what = f"the split of {len(records):,} records"
    console.say(f"Noted: {console.literal(what)} is undone. The next `dbt build` acts on it.")


def _show(held: Sequence[Row], as_json: bool) -> None:
    if as_json:
        console.document(held)
        return
    if not held:
        console.say("No decision is in force.")
        return
    shown: dict[str, tuple[object, ...]] = {}
    for row in held:
        records = f"{row['left_record_id']} {row['right_record_id']}"
        shown.setdefault(
            row["decision_group"] or row["decision_id"],
            (
                f"{row['decided_at']:%Y-%m-%d %H:%M}",
                console.literal(row["decided_by"]),
                "split" if row["decision_group"] else row["decision"],
                console.literal(records),
                console.literal(row["reason"]),
            ),
        )
    console.table(
        "Decisions in force, the latest first",
        ["undo it by", "when (UTC)", "who", "decision", "records", "why"],
        [(decision_id, *row) for decision_id, row in shown.items()],
    )
