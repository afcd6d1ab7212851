"""Follows a page of docs/: runs the commands it shows, and returns what each said."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Project

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
# "Save this as `path`" and a block, or a block of commands.
_PARTS = re.compile(
    r"this as\s+`(?P<path>[^`]+)`[^`]*?^```\w+\n(?P<text>.*?)^```|^```console\n(?P<commands>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Step:
    """One command of a page, and the lines that the page shows below it."""

    command: str
    shown: list[str]


@dataclass(frozen=True)
class File:
    """A file that the page tells the reader to save."""

    path: str
    text: str


def parts(page: Path) -> list[File | Step]:
    """The files and commands of a page, in its order."""
    found: list[File | Step] = []
    for part in _PARTS.finditer(page.read_text(encoding="utf-8")):
        if part["commands"] is None:
            found.append(File(part["path"], part["text"]))
        else:
            found += _steps(part["commands"])
    return found


def steps(page: Path) -> list[Step]:
    return _steps("".join(_BLOCK.findall(page.read_text(encoding="utf-8"))))


def _steps(commands: str) -> list[Step]:
    found: list[Step] = []
    for line in commands.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:], []))
        else:
            found[-1].shown.append(line.rstrip())
    return found


def follow(page: Path, project: Project) -> Iterator[tuple[Step, str]]:
    """Run each step in the project's folder; yields it with its output, without blanks at the lines' ends."""
    programs = {
        "cdp": f"{shlex.quote(sys.executable)} -m cdp_cli.cli",
        "dbt": f"{shlex.quote(sys.executable)} -m dbt.cli.main",
    }
    for step in steps(page):
        program, _, rest = step.command.partition(" ")
        ran = subprocess.run(
            f"{programs.get(program, program)} {rest}",
            shell=True,
            cwd=project.root,
            env=project.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert ran.returncode == 0, f"{step.command}\n{ran.stdout}\n{ran.stderr}"
        yield step, "\n".join(line.rstrip() for line in ran.stdout.splitlines())
