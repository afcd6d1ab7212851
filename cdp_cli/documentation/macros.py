"""The page of macros that a project may call, from their leading comments."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from cdp_cli.documentation import REPOSITORY
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import paragraphs
from cdp_cli.engine_package import FOLDER
from cdp_cli.segments.allowed import ENGINE_MACROS, TABLE_MACROS

_HEAD = """# Macros

The macros of the engine that a project may call, as `cdp.<name>(...)`. All other macros in the package
are its own and may change in any release. A [segment](segments.md) may call only the macros that its
page lists.
"""
_COMMENT = re.compile(r"\{#-?\s*(.*?)\s*-?#\}\s*\{%-?\s*(macro|test)\s+(\w+)\((.*?)\)", re.DOTALL)


def page(inputs: Inputs) -> str:
    """One chapter a folder of macros."""
    public = {
        *called_macros(),
        *(name.removeprefix("cdp.") for name in (*ENGINE_MACROS, *TABLE_MACROS)),
    }
    files = [
        path
        for path in sorted((FOLDER / "macros").rglob("*.sql"))
        if path.stem in public or path.parent.name == "tests"
    ]
    parts = [_HEAD]
    for folder, group in groupby(files, key=lambda path: path.parent.name):
        parts += [f"## {folder.capitalize()}\n", *map(_part, group)]
    return "\n".join(parts)


def called_macros() -> set[str]:
    """The names of the engine's macros that the project of the repository calls.

    The repository's root is a project like any other, so a macro that it calls has to stay.
    """
    files = [REPOSITORY / "dbt_project.yml"]
    for folder in ("models", "macros"):
        files += (REPOSITORY / folder).rglob("*.sql")
    return {
        name for file in files for name in re.findall(r"\bcdp\.(\w+)\(", file.read_text(encoding="utf-8"))
    }


def _part(path: Path) -> str:
    found = _COMMENT.match(path.read_text(encoding="utf-8"))
    assert found is not None, f"{path} does not begin with a comment and a macro"
    comment, kind, name, arguments = found.groups()
    signature = " ".join(arguments.split())
    if kind == "test":
        given = ", ".join(signature.split(", ")[1:])
        return f"### Test `cdp.{name}`\n\n{paragraphs(comment)} Takes `{given}`.\n"
    return f"### `cdp.{name}({signature})`\n\n{paragraphs(comment)}\n"
