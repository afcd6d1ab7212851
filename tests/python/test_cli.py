"""The program finds its commands, helps, and never shows a traceback."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import click
import pytest

from cdp_cli import commands
from cdp_cli.cli import cdp
from tests.conftest import Project


def every_command(
    group: click.Group, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += every_command(command, (*path, name))
    return found


def test_every_module_is_a_command_with_help_and_an_example() -> None:
    modules = {m.name.replace("_", "-") for m in pkgutil.iter_modules(commands.__path__) if m.name[0] != "_"}
    found = every_command(cdp)
    assert {path[0] for path, _ in found} == modules
    for path, command in found:
        assert command.help, f"cdp {' '.join(path)} has no help"
        if not isinstance(command, click.Group):
            assert f"cdp {' '.join(path)}" in command.help, f"cdp {' '.join(path)} shows no example"


def test_outside_a_project_it_says_where_it_looked(tmp_path: Path) -> None:
    ran = Project(tmp_path).cdp("status")
    assert ran.code == 4
    assert "dbt_project.yml" in ran.err
    assert "Traceback" not in ran.err


def test_a_wrong_option_is_a_usage_error(tmp_path: Path) -> None:
    ran = Project(tmp_path).cdp("status", "--colour")
    assert ran.code == 2
    assert "--colour" in ran.err


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"]])
def test_without_a_warehouse_it_says_how_to_make_one(project: Project, arguments: list[str]) -> None:
    ran = project.cdp(*arguments)
    assert ran.code == 4
    assert "There is no warehouse at" in ran.err
    assert "cdp demo" in ran.err
    assert ran.out == ""
