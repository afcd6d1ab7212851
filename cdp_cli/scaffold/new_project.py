"""What a project is made of when there is nothing yet."""

from __future__ import annotations

import re
from pathlib import Path

from cdp_cli.errors import FixConfiguration
from cdp_cli.scaffold.changes import Change
from cdp_cli.scaffold.templates import git_entry, link_entry, template

# What may be in a folder that counts as empty: a repository, and a virtual environment.
_NOT_COUNTED = {".git", ".venv"}
# Names of dbt packages that each project has already.
RESERVED = {"cdp", "dbt"}
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def plan(folder: Path, git: tuple[str, str] | None = None) -> list[Change]:
    """The files of a new project, which is named after its folder; reads the folder and writes nothing.

    `git` is the repository and revision of the engine's package; without it the package is the installed one.

    Raises FixConfiguration if the folder is not empty, or its name is not a name for a project.
    """
    held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if folder.exists() and not folder.is_dir():
        raise FixConfiguration(f"{folder} is a file.", "Name a new folder.")
    counted = [name for name in held if name not in _NOT_COUNTED]
    if counted:
        raise FixConfiguration(
            f"{folder} has no dbt_project.yml, so it is not a dbt project, and it is not empty: it holds "
            f"{', '.join(counted[:3])}{' and more' if len(counted) > 3 else ''}.",
            "Name a new folder, or the folder of a dbt project.",
        )
    name = _project_name(folder)
    packages = template("packages.yml")
    if git is not None:
        packages = packages.replace(link_entry().strip(), git_entry(*git).strip().replace("\n", "\n  "))
    files = {
        "dbt_project.yml": (template("dbt_project.yml", name), "the project and what its folders mean"),
        "packages.yml": (packages, "the engine's package"),
        "profiles.yml": (template("profiles.yml", profile=name), "where the warehouse is"),
        "connections.yml": (template("connections.yml"), "which tools syncs send to: none yet"),
        "macros/generate_schema_name.sql": (
            template("generate_schema_name.sql"),
            "schemas are named by layer",
        ),
        ".gitignore": (template("gitignore"), "what dbt and cdp write"),
        "README.md": (template("README.md", name), "how to work with the project"),
        "models/staging/.gitkeep": ("", "folder for sources"),
        "models/segments/.gitkeep": ("", "folder for audiences"),
        "models/activation/.gitkeep": ("", "folder for syncs"),
        "data/.gitkeep": ("", "folder of the warehouse and the ledgers"),
    }
    return [Change(Path(path), text, f"created: {what}") for path, (text, what) in files.items()]


def _project_name(folder: Path) -> str:
    name = folder.resolve().name.lower().replace("-", "_")
    if not _NAME.fullmatch(name) or name in RESERVED:
        reserved = (
            "a dbt package of each project has that name" if name in RESERVED else "dbt does not allow it"
        )
        raise FixConfiguration(
            f"{folder.resolve().name!r} cannot be the name of a dbt project: {reserved}.",
            "Name a folder with letters, digits and underscores, such as `cdp init shop`.",
        )
    return name
