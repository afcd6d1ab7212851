"""Docs are held to the program: every command they show parses, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from cdp_cli.cli import cdp
from tests.conftest import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def shown_commands(page: Path) -> list[str]:
    lines = "".join(_BLOCK.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ").splitlines()
    lines = [line.strip().removeprefix("$ ").split(" | ")[0] for line in lines]
    return [line for line in lines if line.startswith("cdp ")]


SHOWN = [(page, line) for page in PAGES for line in shown_commands(page)]


def test_the_docs_show_commands() -> None:
    assert len(SHOWN) > 10


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=[f"{page.name}: {line}" for page, line in SHOWN])
def test_every_command_shown_parses(
    page: Path, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = cdp
    context = click.Context(cdp)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"{page.name} shows `{line}`, but there is no such command"
        command, words = found, words[1:]
    if "--help" in words:
        return
    for word in words:
        # A file that the example names need not be here for the example to be well formed.
        if re.search(r"\.(csv|gz|jsonl|parquet)$", word):
            (tmp_path / word).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / word).touch()
    command.make_context(command.name, list(words))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
