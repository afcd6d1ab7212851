"""`cdp identity decide`: say whether two records are one person."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.commands.identity._options import by_option, decider, reason
from cdp_cli.config import Settings
from cdp_cli.project import load_project
from cdp_cli.stewardship.deciding import store_decision
from cdp_cli.warehouse import open_warehouse


@click.command("decide")
@click.argument("one", metavar="RECORD")
@click.argument("other", metavar="RECORD")
@click.option(
    "--same", "decision", flag_value="same", help="They are one person, whatever speaks against it."
)
@click.option(
    "--different", "decision", flag_value="different", help="They are two people, whatever the score."
)
@click.option(
    "--unsure", "decision", flag_value="unsure", help="You looked and cannot tell; it is not asked again."
)
@click.option("--why", required=True, help="Your reason, for those who come after.")
@by_option
@json_option
@project_options
def decide(
    settings: Settings, one: str, other: str, decision: str | None, why: str, by: str | None, as_json: bool
) -> None:
    """Decide whether two records are one person; the next build acts on it.

    Record ids are as in the table identity_review. The latest decision about two records holds.

    \b
    Example:
        cdp identity decide crm_contact:17 shop_customer:4 --same --why "same passport"
    """
    if decision is None:
        raise click.UsageError("Say --same, --different or --unsure.")
    why = reason(why)
    relations = load_project(settings).relations
    with open_warehouse(settings, read_only=False) as warehouse:
        answer = store_decision(warehouse, relations, one, other, decision, decider(by), why)
    if as_json:
        console.document(answer)
        return
    console.say(
        f"Noted: {answer['left_record_id']} and {answer['right_record_id']} are {decision}"
        f"{'' if decision != 'unsure' else ', nobody can tell'}. The next `dbt build` acts on it."
    )
