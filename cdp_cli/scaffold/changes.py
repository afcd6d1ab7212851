"""Files that a command is about to write: all texts first, then all files, and back again if a step fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

# What `dbt deps` replaces, and what dbt writes besides.
_PACKAGES = ("dbt_packages", "package-lock.yml")
_ARTIFACTS = ("target", "logs", ".user.yml")


@dataclass(frozen=True)
class Change:
    """One file, relative to the project, and in a few words what happens to it."""

    path: Path
    text: str
    what: str


@contextmanager
def written(project_dir: Path, texts: Mapping[Path, str]) -> Iterator[None]:
    """Write `texts`, whose paths are relative to the project; if the block fails, restore what was there.

    This includes the packages that the block installs. What was not there before is removed again.
    """
    before = {path: _read(project_dir / path) for path in texts}
    new = [name for name in (*_PACKAGES, *_ARTIFACTS) if not (project_dir / name).exists()]
    made: list[Path] = []
    with TemporaryDirectory() as kept:
        for name in _PACKAGES:
            _copy(project_dir / name, Path(kept) / name)
        try:
            for path, text in texts.items():
                made += _make_folders((project_dir / path).parent)
                (project_dir / path).write_text(text, encoding="utf-8")
            yield
        except BaseException:
            for name in {*new, *_PACKAGES}:
                _remove(project_dir / name)
                _copy(Path(kept) / name, project_dir / name)
            for path, content in before.items():
                if content is None:
                    (project_dir / path).unlink(missing_ok=True)
                else:
                    (project_dir / path).write_bytes(content)
            for folder in reversed(made):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
            raise


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns the new ones, outermost first."""
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _copy(source: Path, destination: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, destination, symlinks=True)
    elif source.is_file():
        shutil.copy2(source, destination)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
