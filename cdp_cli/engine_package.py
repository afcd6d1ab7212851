"""The engine's dbt package: where it is, and that a project uses the one of this version."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import yaml

from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration
from cdp_cli.relations import Relation

NAME = "cdp"
FOLDER = Path(__file__).parent / "dbt_package"
# packages.yml of a project reads it; each dbt process that `cdp` starts has it.
VARIABLE = "CDP_PACKAGE"
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
    asked = [settings.project_dir / name for name in ("packages.yml", "dependencies.yml")]
    if not any(path.is_file() for path in asked):
        raise FixConfiguration(
            f"{settings.project_dir} has no packages.yml, so dbt does not know the engine's package.",
            "Run `cdp init` in that folder; it adds the package and changes no model.",
        )
    folder = installed_folder(settings)
    if folder.is_symlink() and folder.resolve() != FOLDER.resolve():
        return True
    return not (folder / "dbt_project.yml").is_file()


def check_version(settings: Settings) -> None:
    """Raises FixConfiguration if the project's package is missing or of another version than this program."""
    file = installed_folder(settings) / "dbt_project.yml"
    if not file.is_file():
        raise FixConfiguration(
            f"packages.yml of {settings.project_dir} does not install the package {NAME!r}.",
            "Run `cdp init` in that folder; it adds the package and changes no model.",
        )
    found = str(yaml.safe_load(file.read_text(encoding="utf-8")).get("version"))
    if found != version("cdp-cli"):
        raise FixConfiguration(
            f"The dbt package {NAME!r} in {file.parent} has version {found}, and this program has version "
            f"{version('cdp-cli')}.",
            "Run `cdp upgrade`, or install the version of cdp-cli that packages.yml names.",
        )
