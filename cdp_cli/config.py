"""Where the project is and which warehouse it uses, read from dbt's own files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from cdp_cli.errors import FixConfiguration

# As in the macro schema_prefix of the engine's package.
PREFIX_VARIABLE, PREFIX_VAR = "CDP_SCHEMA_PREFIX", "schema_prefix"
_PACKAGE = "cdp"


@dataclass(frozen=True)
class Settings:
    """One project and one of its targets.

    `data_dir` holds the embedded warehouse and the ledgers.
    `profile` is the target's entry in profiles.yml, rendered: `type`, `path`, `threads`, ...
    `schema_prefix` stands before the names of our schemas, for those who share a warehouse.
    """

    project_dir: Path
    profiles_dir: Path
    data_dir: Path
    target: str
    profile: dict[str, Any]
    profile_name: str = "cdp"
    packages_path: str = "dbt_packages"
    schema_prefix: str = ""

    @property
    def engine(self) -> str:
        """The warehouse's dbt adapter, as `type` in profiles.yml names it."""
        return str(self.profile["type"])

    @property
    def ledger_dir(self) -> Path:
        """Where each sync keeps its ledger: one folder for each target and schema prefix."""
        return self.data_dir / "ledger" / self.target / self.schema_prefix

    @property
    def artifacts_dir(self) -> Path:
        """Where dbt writes manifest.json and run_results.json."""
        return self.project_dir / os.environ.get("DBT_TARGET_PATH", "target")


def find_settings(project_dir: Path | None = None, target: str | None = None) -> Settings:
    """Read the project at `project_dir`, or at the nearest folder upwards that has a dbt_project.yml.

    Raises FixConfiguration if there is no project, no profile or no such target.
    """
    root = _project_root(project_dir)
    project = _read_yaml(root / "dbt_project.yml", {})
    profiles_dir = _profiles_dir(root)
    profiles = _read_yaml(profiles_dir / "profiles.yml", {"env_var": _env_var})
    name = str(project.get("profile", ""))
    if name not in profiles:
        raise FixConfiguration(
            f"{profiles_dir / 'profiles.yml'} has no profile {name!r}, which dbt_project.yml names.",
            f"Add it, or name one of: {', '.join(sorted(profiles)) or 'none there'}.",
        )
    outputs = profiles[name].get("outputs", {})
    chosen = target or os.environ.get("DBT_TARGET") or str(profiles[name].get("target", "default"))
    if chosen not in outputs:
        raise FixConfiguration(
            f"{profiles_dir / 'profiles.yml'} has no target {chosen!r}.",
            f"Use one of: {', '.join(sorted(outputs))}.",
        )
    return Settings(
        project_dir=root,
        profiles_dir=profiles_dir,
        data_dir=(root / os.environ.get("CDP_DATA", "data")).resolve(),
        target=chosen,
        profile=dict(outputs[chosen]),
        profile_name=name,
        packages_path=str(project.get("packages-install-path", "dbt_packages")),
        schema_prefix=_schema_prefix(root / "dbt_project.yml", project),
    )


def _schema_prefix(path: Path, project: dict[str, Any]) -> str:
    declared = project.get("vars") or {}
    for package in (_PACKAGE, str(project.get("name"))):
        if PREFIX_VAR in (declared.get(package) or {}):
            raise FixConfiguration(
                f"{path} sets {PREFIX_VAR} under vars.{package}, so that only some of the models get it.",
                f"Set it directly under `vars:`, or set {PREFIX_VARIABLE} in the environment.",
            )
    prefix = os.environ.get(PREFIX_VARIABLE, str(declared.get(PREFIX_VAR) or ""))
    if not re.fullmatch("[A-Za-z0-9_]*", prefix):
        where = PREFIX_VARIABLE if PREFIX_VARIABLE in os.environ else f"The var {PREFIX_VAR} in {path}"
        raise FixConfiguration(
            f"{where} is {prefix!r}, which is not made of letters, digits and _ alone.",
            f"Write plain text, for example ana_; per developer, set {PREFIX_VARIABLE} in the environment.",
        )
    return prefix


def _project_root(project_dir: Path | None) -> Path:
    if project_dir is not None:
        if not (project_dir / "dbt_project.yml").is_file():
            raise FixConfiguration(
                f"{project_dir} has no dbt_project.yml.",
                "Name the folder of a dbt project with --project-dir.",
            )
        return project_dir.resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise FixConfiguration(
        f"Neither {here} nor a folder above it has a dbt_project.yml.",
        "Change to the project's folder, or name it with --project-dir.",
    )


def profiles_folder(root: Path) -> Path | None:
    """The folder whose profiles.yml dbt reads for the project at `root`; None if there is no profiles.yml."""
    found = (folder for folder in _profiles_candidates(root) if (folder / "profiles.yml").is_file())
    return next((folder.resolve() for folder in found), None)


def _profiles_candidates(root: Path) -> list[Path]:
    stated = [Path(folder) for folder in [os.environ.get("DBT_PROFILES_DIR", "")] if folder]
    return [*stated, root, Path.home() / ".dbt"]


def _profiles_dir(root: Path) -> Path:
    found = profiles_folder(root)
    if found is None:
        raise FixConfiguration(
            f"There is no profiles.yml in {' or '.join(str(c) for c in _profiles_candidates(root))}.",
            "Copy the project's profiles.yml there, or set DBT_PROFILES_DIR.",
        )
    return found


def _read_yaml(path: Path, functions: dict[str, Any]) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if functions:
            environment = SandboxedEnvironment(undefined=StrictUndefined)
            environment.globals.update(functions)
            text = environment.from_string(text).render()
        parsed = yaml.safe_load(text) or {}
    except (yaml.YAMLError, TemplateError, UnicodeDecodeError) as error:
        first_line = str(error).splitlines()[0]
        raise FixConfiguration(
            f"{path} cannot be read: {first_line}.", "Correct it; dbt reads the same file."
        ) from error
    if not isinstance(parsed, dict):
        raise FixConfiguration(f"{path} is not a YAML mapping.", "Correct it; dbt reads the same file.")
    return parsed


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise FixConfiguration(
            f"profiles.yml needs the environment variable {name}, which is not set.",
            f"Set {name} and try again.",
        )
    return value
