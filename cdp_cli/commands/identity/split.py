"""`cdp identity split`: take records out of a profile that holds several people."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.commands.identity._options import by_option, decider, reason
from cdp_cli.config import Settings
from cdp_cli.project import load_project
from cdp_cli.stewardship.deciding import store_split
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
    relations = load_project(settings).relations
    with open_warehouse(settings, read_only=False) as warehouse:
        stored = store_split(warehouse, relations, profile, records, decider(by), why)
    found = stored.profile
    if as_json:
        console.document(
            {
                "profile_id": found.profile_id,
                "retired_id": found.retired_id,
                "leaving": stored.leaving,
                "staying": stored.staying,
                "decision_group": stored.group,
                "decisions": stored.rows.to_pylist(),
            }
        )
        return
    if found.retired_id is not None:
        console.note(
            f"{console.literal(found.retired_id)} is retired; it is now {console.literal(found.profile_id)}."
        )
    console.say(
        f"Noted: {_count(stored.leaving)} of {console.literal(found.profile_id)} will leave it together, "
        f"{_count(stored.staying)} stay. The next `dbt build` acts on it; the larger part keeps the id."
    )
    console.say(f"Take it back with: cdp identity undo {stored.group} --why ...")


def _count(records: Sequence[str]) -> str:
    return f"{len(records):,} record{'' if len(records) == 1 else 's'}"
