"""The reference in docs/reference/, written from the code, the seeds and the properties files.

Each module here that has a function `page(inputs)` is one page: `exit_codes.py` writes
docs/reference/exit-codes.md. A module that also has `PATH` and `BLOCK` writes one marked block of another
page.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cdp_cli.documentation.inputs import Inputs
from cdp_cli.errors import FixConfiguration

PACKAGE = Path(__file__).parents[1]
REPOSITORY = PACKAGE.parent
REFERENCE = Path("docs") / "reference"
_MARK = "<!-- Written by `cdp generate --docs`. Change what it is written from, not this file. -->"


@dataclass(frozen=True)
class Documentation:
    """The pages as they should be, by path within the repository.

    `different` are the pages that are missing or out of date, `stale` those that no module writes any more.
    """

    pages: dict[Path, str]
    different: tuple[Path, ...]
    stale: tuple[Path, ...]


def in_repository() -> bool:
    """Whether this package runs from the engine's repository, not from an installed wheel."""
    return (REPOSITORY / REFERENCE).is_dir()


def check_repository(project_dir: Path) -> None:
    """Raises FixConfiguration unless `project_dir` is the engine's repository."""
    if not in_repository() or project_dir.resolve() != REPOSITORY.resolve():
        raise FixConfiguration(
            f"--docs writes the reference of the engine, and {project_dir} is not the engine's repository.",
            "Run `dbt docs generate` for a reference of your project.",
        )


def plan(inputs: Inputs, repository: Path = REPOSITORY) -> Documentation:
    """Write each page in memory and compare it with `repository`; changes no file."""
    pages = dict(_pages(inputs, repository))
    return Documentation(
        pages=pages,
        different=tuple(path for path, text in pages.items() if _read(repository / path) != text),
        stale=tuple(
            path.relative_to(repository)
            for path in sorted((repository / REFERENCE).glob("*.md"))
            if path.relative_to(repository) not in pages and _MARK in path.read_text(encoding="utf-8")
        ),
    )


def write(inputs: Inputs, repository: Path = REPOSITORY) -> Documentation:
    """Bring the pages up to date; returns what was changed."""
    documentation = plan(inputs, repository)
    for path in documentation.different:
        (repository / path).write_text(documentation.pages[path], encoding="utf-8")
    for path in documentation.stale:
        (repository / path).unlink()
    return documentation


def _pages(inputs: Inputs, repository: Path) -> Iterator[tuple[Path, str]]:
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if not hasattr(module, "page"):
            continue
        text = module.page(inputs).rstrip() + "\n"
        if hasattr(module, "PATH"):
            yield module.PATH, _with_block(repository / module.PATH, module.BLOCK, text)
        else:
            yield REFERENCE / f"{found.name.replace('_', '-')}.md", f"{_MARK}\n\n{text}"


def _with_block(path: Path, name: str, text: str) -> str:
    """The page at `path` with the text between its two marks replaced."""
    begin, end = f"<!-- begin {name}, written by `cdp generate --docs` -->\n", f"<!-- end {name} -->"
    parts = re.split(f"({re.escape(begin)}).*({re.escape(end)})", _read(path), flags=re.DOTALL)
    if len(parts) != 4:
        raise FixConfiguration(
            f"{path} does not have the lines {begin.strip()} and {end}.",
            "Put them back, one after the other.",
        )
    return f"{parts[0]}{parts[1]}{text}{parts[2]}{parts[3]}"


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
