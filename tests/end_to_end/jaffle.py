"""A dbt project of the jaffle shop's shape that knows nothing of the engine, for tests to bring it in."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import Project

SHOP = Path(__file__).parent / "jaffle_shop"


def copy_shop(destination: Path) -> Project:
    """A copy of the project, without a warehouse."""
    shutil.copytree(SHOP, destination)
    return Project(destination)


def files(project: Project) -> dict[str, bytes]:
    """All files of a project but dbt's artifacts, by path."""
    left_out = {"target", "logs", "dbt_packages"}
    return {
        str(path.relative_to(project.root)): path.read_bytes()
        for path in sorted(project.root.rglob("*"))
        if path.is_file() and path.relative_to(project.root).parts[0] not in left_out
    }
