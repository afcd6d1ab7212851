"""The page of commands, from their help."""

from __future__ import annotations

from cdp_cli.documentation.inputs import CommandHelp, Inputs
from cdp_cli.documentation.markdown import table

_HEAD = """# Commands

The text is the help of each command: `cdp COMMAND --help` prints it too. `cdp --verbose COMMAND` logs
each step to standard error, without personal data. [Exit codes](exit-codes.md) says how a command can
end.
"""


def page(inputs: Inputs) -> str:
    """One chapter a command."""
    names = table(
        ("command", "does"),
        [
            (f"[`cdp {command.name}`](#cdp-{command.name.replace(' ', '-')})", command.text.split("\n")[0])
            for command in inputs.commands
        ],
    )
    return "\n".join([_HEAD, names, *(_chapter(command) for command in inputs.commands)])


def _chapter(command: CommandHelp) -> str:
    parts = [f"## `cdp {command.name}`", command.text, f"```text\n{command.usage}\n```"]
    if command.parameters:
        rows = [(f"`{parameter.name}`", parameter.help) for parameter in command.parameters]
        parts.append(table(("option", "means"), rows).rstrip())
    return "\n\n".join(parts) + "\n"
