"""The help of all commands as values, for the reference."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from cdp_cli.documentation.inputs import CommandHelp, Parameter


def command_helps(group: click.Group) -> tuple[CommandHelp, ...]:
    """The help of each command below `group`, sorted by name."""
    return tuple(_helps(group, click.Context(group, info_name="cdp", max_content_width=100), ""))


def _helps(group: click.Group, context: click.Context, prefix: str) -> Iterator[CommandHelp]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        own = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _helps(command, own, f"{prefix}{name} ")
        else:
            yield CommandHelp(
                name=f"{prefix}{name}",
                text=_markdown(command.help or ""),
                usage=command.get_usage(own).removeprefix("Usage: "),
                parameters=tuple(_parameters(command, own)),
            )


def _parameters(command: click.Command, context: click.Context) -> Iterator[Parameter]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in record[0]:
            yield Parameter(record[0], record[1], isinstance(parameter, click.Option))


def _markdown(text: str) -> str:
    """A help text in Markdown: what click is told not to wrap becomes a block of code."""
    blocks = re.split(r"\n{2,}", inspect.cleandoc(text))
    return "\n\n".join(
        _block(block) if block.startswith("\b") else " ".join(block.split()) for block in blocks
    )


def _block(block: str) -> str:
    title, *lines = block.removeprefix("\b").strip("\n").split("\n")
    if not lines:
        return title
    return f"{title.strip()}\n\n```text\n{inspect.cleandoc(chr(10).join(['', *lines]))}\n```"
