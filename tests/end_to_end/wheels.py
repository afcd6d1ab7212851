"""Builds the wheel and installs it, as a user has it: in a virtual environment of its own.

The wheel's dependencies are not downloaded again: they are those of the environment that runs the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

# What the wheel is built from.
PARTS = ["cdp_cli", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"]
# Of the tests' environment: neither our program nor what a virtual environment has itself.
_NOT_SHARED = (
    "cdp_cli",
    "_cdp_cli",
    "__editable__",
    "pip",
    "setuptools",
    "distutils-precedence",
    "_distutils",
)


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str


def build_wheel(source: Path, into: Path) -> Path:
    """Build the wheel of a source tree, with the build backend in an environment of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(into), str(source)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    [wheel] = into.glob("cdp_cli-*.whl")
    return wheel


def copy_source(into: Path) -> Path:
    """A copy of what the wheel is built from, for tests that change it."""
    into.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, into / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, into / part)
    return into


@dataclass(frozen=True)
class Shell:
    """Bash whose commands see one another's folder and variables, with pip that finds the dependencies."""

    root: Path  # holds what the shell remembers

    @classmethod
    def start(cls, root: Path, folder: Path) -> Shell:
        """A shell in `folder`; its virtual environments see the libraries of the tests' environment."""
        libraries = root / "libraries"
        libraries.mkdir(parents=True)
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            if not entry.name.startswith(_NOT_SHARED) and entry.suffix != ".pth":
                (libraries / entry.name).symlink_to(entry)
        dropped = ("CDP_", "DBT_", "PYTHON", "VIRTUAL_ENV")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        environment |= {"PYTHONPATH": str(libraries), "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1"}
        environment["PATH"] = _programs(root / "bin")
        (root / "environment").write_bytes(
            b"".join(f"{key}={value}\0".encode() for key, value in environment.items())
        )
        (root / "folder").write_text(str(folder), encoding="utf-8")
        return cls(root)

    @property
    def folder(self) -> Path:
        """Where the shell is."""
        return Path((self.root / "folder").read_text(encoding="utf-8").strip())

    def run(self, command: str) -> Done:
        """Run one command; returns its exit code, and its output with its errors."""
        pairs = (self.root / "environment").read_bytes().decode().split("\0")
        remember = f'status=$?; pwd > "{self.root}/folder"; env -0 > "{self.root}/environment"; exit $status'
        ran = subprocess.run(
            ["bash", "-c", f"{command}\n{remember}"],
            cwd=self.folder,
            env=dict(pair.split("=", 1) for pair in pairs if "=" in pair),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=900,
        )
        return Done(ran.returncode, ran.stdout)


def _programs(folder: Path) -> str:
    """A PATH without the tests' own environment: its Python makes environments, and each has its own dbt."""
    folder.mkdir()
    for name, command in {
        "python3": getattr(sys, "_base_executable", sys.executable),
        "dbt": "python -W ignore -m dbt.cli.main",
    }.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    ours = str(Path(sys.executable).parent)
    return os.pathsep.join([str(folder), *(p for p in os.environ["PATH"].split(os.pathsep) if p != ours)])
