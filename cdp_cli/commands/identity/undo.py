"""`cdp identity undo`: take a decision back."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.commands.identity._decisions import (
    add_decisions,
    by_option,
    decider,
    need_build,
    now,
    read_decisions,
    reason,
)
from cdp_cli.config import Settings
from cdp_cli.identity.decisions import in_force
from cdp_cli.identity.decisions import undo as undo_rows
from cdp_cli.warehouse import Warehouse, open_warehouse


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
    if not asked:
        with open_warehouse(settings) as warehouse:
            need_build(warehouse)
            _show(warehouse, as_json)
        return
    why = reason(why)
    with open_warehouse(settings, read_only=False) as warehouse:
        need_build(warehouse)
        rows = undo_rows(read_decisions(warehouse), asked, decider(by), why, now())
        add_decisions(warehouse, rows)
    if as_json:
        console.document(rows.to_pylist())
        return
    left, right = rows.column("left_record_id"), rows.column("right_record_id")
    what = f"the decision about {left[0]} and {right[0]}"
    if rows.num_rows > 1:
        records = {record.as_py() for column in (left, right) for record in column}
        what = f"the split of {len(records):,} records"
    console.say(f"Noted: {console.literal(what)} is undone. The next `dbt build` acts on it.")


def _show(warehouse: Warehouse, as_json: bool) -> None:
    held = sorted(
        in_force(read_decisions(warehouse)).values(), key=lambda row: row["decided_at"], reverse=True
    )
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
