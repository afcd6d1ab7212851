"""`cdp demo`: make the demo retailer, or advance it by days."""

from __future__ import annotations

import datetime as dt

import click

from cdp_cli import console
from cdp_cli import demo as retailer
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.errors import FixInput


@click.command("demo")
@click.option("--customers", type=int, help="How many customers to make (default 5000).")
@click.option("--seed", type=int, help="The same seed makes the same data (default 1).")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The last day with data (default today, UTC)."
)
@click.option("--replace", is_flag=True, help="Replace the demo that the warehouse already holds.")
@click.option(
    "--advance", "days", type=int, metavar="DAYS", help="Advance the demo in the warehouse by this many days."
)
@json_option
@project_options
def demo(
    settings: Settings,
    customers: int | None,
    seed: int | None,
    today: dt.datetime | None,
    replace: bool,
    days: int | None,
    as_json: bool,
) -> None:
    """Make the demo retailer in the warehouse: seven sources with realistic errors, and the truth.

    \b
    Examples:
        cdp demo --customers 5000 --seed 1
        cdp demo --advance 1
    """
    if days is not None:
        if customers is not None or seed is not None or today is not None or replace:
            raise FixInput(
                "--advance cannot be combined with other options, because it adds days to an existing demo.",
                "Leave out --customers, --seed, --today and --replace.",
            )
        _advance(settings, days, as_json)
    else:
        _generate(settings, 5000 if customers is None else customers, seed, today, replace, as_json)


def _generate(
    settings: Settings,
    customers: int,
    seed: int | None,
    today: dt.datetime | None,
    replace: bool,
    as_json: bool,
) -> None:
    last_day = today.date() if today else None
    with console.progress("making the demo retailer"):
        made = retailer.generate(settings, customers, 1 if seed is None else seed, last_day, replace=replace)
    if as_json:
        console.document(made)
        return
    console.table("Raw tables", ["table", "rows"], made.tables.items())
    console.say(
        f"{made.people:,} people, {made.person_records:,} person records and {made.events:,} events "
        f"up to {made.today}."
    )


def _advance(settings: Settings, days: int, as_json: bool) -> None:
    with console.progress("advancing the demo"):
        went = retailer.advance(settings, days)
    if as_json:
        console.document(went)
        return
    rows = [(name, new, went.changed_rows[name]) for name, new in went.new_rows.items()]
    console.table("Raw tables", ["table", "new rows", "changed rows"], rows)
    console.say(
        f"It is {went.today}: {went.new_people:,} new people, {went.moved:,} households moved, "
        f"{went.renamed:,} people have a new surname, {went.new_emails:,} a new e-mail, "
        f"{went.withdrawals:,} withdrew consent."
    )
