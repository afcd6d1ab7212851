"""`cdp receiver`: a local server that receives what the demo sends."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import click
from pydantic import ValidationError

from cdp_cli import console
from cdp_cli.errors import FixConfiguration, TryAgain
from cdp_cli.receiver import DEMO_API_KEY, DEMO_WEBHOOK_SECRET, Receiver
from cdp_cli.receiver.behaviours import BEHAVIOURS
from cdp_cli.receiver.faults import Fault


@click.command("receiver")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8710, show_default=True, help="0 takes a free one."
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The SQLite file for what is received; without it everything is kept in memory.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    help="A failure to begin with, as JSON; docs/how-to/use-the-receiver.md lists them.",
)
@click.option(
    "--behave",
    type=click.Choice(sorted(BEHAVIOURS)),
    help="Answer as a hostile server does; docs/how-to/use-the-receiver.md says what each name means.",
)
def receiver(
    command: tuple[str, ...], port: int, store: Path | None, faults: tuple[str, ...], behave: str | None
) -> int:
    """Run a local server that implements the destinations' APIs, until interrupted or while COMMAND runs.

    COMMAND finds the server and its keys in its environment; its exit code is ours.

    It takes the keys in KLAVIYO_API_KEY and CRM_WEBHOOK_SECRET, or demo values if they are not set.

    \b
    Example:
        cdp receiver --port 8710 --store data/receiver.sqlite
        cdp receiver --port 0 -- cdp sync
        cdp receiver --port 0 --behave login_page -- cdp sync
        cdp receiver --fault '{"kind": "status", "status": 429, "retry_after": 2, "times": 3}'
    """
    wanted = [_fault(text) for text in faults]
    try:
        server = Receiver(
            store,
            port,
            os.environ.get("KLAVIYO_API_KEY") or DEMO_API_KEY,
            os.environ.get("CRM_WEBHOOK_SECRET") or DEMO_WEBHOOK_SECRET,
        )
    except OSError as error:
        raise TryAgain(
            f"Port {port} cannot be used ({error.strerror}).", "Choose another with --port."
        ) from None
    except ValueError as error:
        raise FixConfiguration(
            f"CRM_WEBHOOK_SECRET is not a Standard Webhooks secret ({error}).",
            "Use whsec_ and base64, or unset it.",
        ) from None
    for fault in wanted:
        server.faults.add(fault)
    if behave is not None:
        server.behave(behave)
    if command:
        return _beside(server, command)
    console.note(f"The receiver listens on {server.url}; stop it with Ctrl-C.")
    with contextlib.suppress(KeyboardInterrupt):
        server.serve()
    return 0


def _beside(server: Receiver, command: tuple[str, ...]) -> int:
    with server:
        try:
            return subprocess.run(command, env={**os.environ, **server.environment}, check=False).returncode
        except FileNotFoundError:
            raise FixConfiguration(
                f"There is no command {command[0]!r}.", "Name one after the two dashes."
            ) from None


def _fault(text: str) -> Fault:
    try:
        return Fault.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise FixConfiguration(
            f"--fault: {key or 'the text'}: {first['msg']}.",
            "docs/how-to/use-the-receiver.md lists the keys.",
        ) from None
