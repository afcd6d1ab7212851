"""`cdp identity split`: take records out of a profile that holds several people."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.commands.identity._decisions import (
    add_decisions,
    by_option,
    decider,
    now,
    read_decisions,
    reason,
)
from cdp_cli.commands.identity._finding import Found, find_records, records_of
from cdp_cli.config import Settings
from cdp_cli.errors import FixInput
from cdp_cli.identity.decisions import split as split_rows
from cdp_cli.warehouse import open_warehouse


@click.command("split")
@click.argument("profile", metavar="PROFILE")
@click.argument("records", metavar="RECORD...", nargs=-1, required=True)
@click.option("--why", required=True, help="Your reason, for those who come after.")
@by_option
@json_option
@project_options
def split(
    settings: Settings, profile: str, records: tuple[str, ...], why: str, by: str | None, as_json: bool
) -> None:
    """Take records out of a profile, together as one new profile; the next build acts on it.

    The two parts stay apart, whatever the score and whatever records come later, until it is undone. The
    larger part keeps the profile's id.

    \b
    Example:
        cdp identity split p_0a1b2c3d4e5f60718293 pos_member:9 --why "the son's card"
    """
    why = reason(why)
    leaving = sorted(set(records))
    with open_warehouse(settings, read_only=False) as warehouse:
        found = find_records(warehouse, profile)
        members = records_of(warehouse, found.profile_id)
        staying = _staying(found, members, leaving)
        rows = split_rows(leaving, staying, read_decisions(warehouse), decider(by), why, now())
        add_decisions(warehouse, rows)
    group = rows.column("decision_group")[0].as_py()
    if as_json:
        console.document(
            {
                "profile_id": found.profile_id,
                "retired_id": found.retired_id,
                "leaving": leaving,
                "staying": staying,
                "decision_group": group,
                "decisions": rows.to_pylist(),
            }
        )
        return
    if found.retired_id is not None:
        console.note(
            f"{console.literal(found.retired_id)} is retired; it is now {console.literal(found.profile_id)}."
        )
    console.say(
        f"Noted: {_count(leaving)} of {console.literal(found.profile_id)} will leave it together, "
        f"{_count(staying)} stay. The next `dbt build` acts on it; the larger part keeps the id."
    )
    console.say(f"Take it back with: cdp identity undo {group} --why ...")


def _staying(found: Found, members: tuple[str, ...], leaving: list[str]) -> list[str]:
    strangers = sorted(set(leaving) - set(members))
    if strangers:
        raise FixInput(
            f"The profile {found.profile_id} has no record {strangers[0]!r}.",
            "Take record ids as `cdp profile show` lists them.",
        )
    staying = [record for record in members if record not in leaving]
    if not staying:
        raise FixInput(
            f"Those are all records of the profile {found.profile_id}: nothing would stay.",
            "Name the records of the one person who is to leave.",
        )
    return staying


def _count(records: list[str]) -> str:
    return f"{len(records):,} record{'' if len(records) == 1 else 's'}"
