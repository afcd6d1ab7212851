"""Docs are held to the program: every command they show parses, every link and path leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from cdp_cli.cli import cdp
from tests.conftest import ROOT

ROOT_PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
PAGES = sorted([*ROOT_PAGES, *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


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
    while isinstance(command, click.Group):
        default = getattr(command, "default", None)
        if (
            default
            and "--help" not in words
            and (not words or words[0] not in command.list_commands(context))
        ):
            words = [default, *words]
        if not words or words[0].startswith("-"):
            break
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
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in headings(file), f"{page.name} links to {target}#{anchor}"


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as public hosts make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {target for target, _ in _LINK.findall(index.read_text(encoding="utf-8"))}
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").glob("*/*.md")}
    assert {page for page in pages if not page.startswith("decisions/")} <= linked


def test_every_path_that_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`([\w./-]+/[\w./-]*)`", text))
    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
