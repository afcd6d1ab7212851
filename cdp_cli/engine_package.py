"""The engine's dbt package: where it is, and that a project uses the one of this version."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration
from cdp_cli.relations import Relation

NAME = "cdp"
FOLDER = Path(__file__).parent / "dbt_package"
# packages.yml of a project reads it; each dbt process that `cdp` starts has it.
VARIABLE = "CDP_PACKAGE"
# Where the package is in a git repository of the engine.
SUBDIRECTORY = "cdp_cli/dbt_package"
PACKAGE_FILES = ("packages.yml", "dependencies.yml")
# The var in dbt_project.yml that says which version a project was last brought to.
VERSION_VAR = "cdp_version"
_RAW_LOG = "raw_log"


def installed_folder(settings: Settings) -> Path:
    """Where `dbt deps` puts the package in a project."""
    return settings.project_dir / settings.packages_path / NAME


def raw_log(table: str) -> Relation:
    """A table of the log of raw tables. Its name is the same in all projects: no manifest is needed."""
    declared = yaml.safe_load((FOLDER / "models" / "_operations.yml").read_text(encoding="utf-8"))
    source = next(source for source in declared["sources"] if source["name"] == _RAW_LOG)
    name = next(entry["name"] for entry in source["tables"] if entry["name"] == table)
    return Relation(source["schema"], name)


def needs_deps(settings: Settings) -> bool:
    """Whether `dbt deps` has to run first: the package is missing, or is a link to another installation's.

    Raises FixConfiguration if the project does not ask for the package.
    """
    asked = [settings.project_dir / name for name in PACKAGE_FILES]
    if not any(path.is_file() for path in asked):
        raise FixConfiguration(
            f"{settings.project_dir} has no packages.yml, so dbt does not know the engine's package.",
            "Run `cdp init` in that folder; it adds the package and changes no model.",
        )
    folder = installed_folder(settings)
    if folder.is_symlink() and folder.resolve() != Path(os.environ.get(VARIABLE, FOLDER)).resolve():
        return True
    return not (folder / "dbt_project.yml").is_file()


def project_version(settings: Settings) -> str | None:
    """The version that the project was last brought to, as its dbt_project.yml says; None if it does not."""
    variables = _content(settings.project_dir / "dbt_project.yml").get("vars") or {}
    stated = variables.get(VERSION_VAR) if isinstance(variables, dict) else None
    return None if stated is None else str(stated)


def check_version(settings: Settings) -> None:
    """Raises FixConfiguration if the project or its package is of another version than this program.

    The package may also be missing. A project that does not say its version is not checked.
    """
    file = installed_folder(settings) / "dbt_project.yml"
    if not file.is_file():
        raise FixConfiguration(
            f"packages.yml of {settings.project_dir} does not install the package {NAME!r}.",
            "Run `cdp init` in that folder; it adds the package and changes no model.",
        )
    found = str(_content(file).get("version"))
    if found != version("cdp-cli"):
        raise FixConfiguration(
            f"The dbt package {NAME!r} in {file.parent} has version {found}, and this program has version "
            f"{version('cdp-cli')}.",
            "Run `cdp upgrade`, or install the version of cdp-cli that packages.yml names.",
        )
    stated = project_version(settings)
    if stated not in (None, version("cdp-cli")):
        raise FixConfiguration(
            f"{settings.project_dir / 'dbt_project.yml'} says that the project is at version {stated}, and "
            f"this program has version {version('cdp-cli')}.",
            "Run `cdp upgrade` if the program is newer; otherwise install that version of cdp-cli.",
        )


def _content(file: Path) -> dict[str, Any]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}
