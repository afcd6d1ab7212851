"""The options that the commands which decide share."""

from __future__ import annotations

import getpass

import click

from cdp_cli.errors import FixInput

by_option = click.option("--by", help="Who decides; by default the user of this machine.")


def decider(by: str | None) -> str:
    """Who decides."""
    return by or getpass.getuser()


def reason(why: str | None) -> str:
    """The reason that was given. Raises FixInput if it is empty."""
    if why is None or not why.strip():
        raise FixInput("--why is empty.", "Give the reason: it is what the next person reads.")
    return why.strip()
