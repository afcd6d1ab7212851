"""What the pages of the reference are written from, as far as it is not found in the package's own files."""

from __future__ import annotations

from dataclasses import dataclass

from cdp_cli.project import Project


@dataclass(frozen=True)
class Parameter:
    """One option or argument of a command, as its help prints it."""

    name: str
    help: str
    is_option: bool


@dataclass(frozen=True)
class CommandHelp:
    """What `cdp COMMAND --help` says, for one command."""

    name: str  # with its group: "identity review"
    text: str
    usage: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Inputs:
    """The commands of the program, and the models of the repository as dbt's manifest has them.

    `identity_keys_sql` is the model identity_keys as dbt compiles it.
    """

    commands: tuple[CommandHelp, ...]
    project: Project
    identity_keys_sql: str
