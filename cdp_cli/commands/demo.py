"""`cdp demo`: make the demo retailer, or let days go by in it."""

from __future__ import annotations

import datetime as dt

import click

from cdp_cli import console
from cdp_cli import demo as retailer
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings


@click.command("demo")
@click.option("--customers", type=int, default=5000, show_default=True, help="How many customers to make.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same data.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The last day with data; by default today in UTC.")
@click.option("--replace", is_flag=True, help="Make it anew where the warehouse already holds a demo.")
@json_option
@project_options
def demo(
    settings: Settings, customers: int, seed: int, today: dt.datetime | None, replace: bool, as_json: bool
) -> None:
    """Make the demo retailer in the warehouse: seven sources, with all their dirt."""
    with console.progress("making the demo retailer"):
        made = retailer.generate(settings, customers, seed, today.date() if today else None, replace=replace)
    if as_json:
        console.document(made)
        return
    console.table("Raw tables", ["table", "rows"], made.tables.items())
    console.say(
        f"{made.people:,} people, {made.person_records:,} person records, {made.events:,} events up to {made.today}."
    )
