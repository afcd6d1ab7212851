"""`cdp init` as a function: a project from nothing, or the engine in a dbt project that exists already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cdp_cli import dbt
from cdp_cli.config import find_settings
from cdp_cli.scaffold import existing_project, new_project
from cdp_cli.scaffold.changes import Change, written
from cdp_cli.scaffold.requirements import check_dbt_version
from cdp_cli.staging import generated


@dataclass(frozen=True)
class Initialised:
    """What was done: the changes, file by file, and what the owner of the project should know."""

    project_dir: Path
    is_new: bool
    changes: tuple[Change, ...]
    advice: tuple[str, ...]


def initialise(folder: Path, git: tuple[str, str] | None = None) -> Initialised:
    """Make `folder` a project that uses the engine; either all files are written, or none.

    `git` is the repository and revision of the engine's package; without it the package is the installed one.

    Raises FixConfiguration if the folder or its project cannot be used, and FixModel if dbt does not accept
    the result.
    """
    is_new = not (folder / existing_project.PROJECT_FILE).is_file()
    if is_new:
        check_dbt_version()
        changes, advice = new_project.plan(folder, git), list[str]()
    else:
        changes, advice = existing_project.plan(folder, git)
    unified = generated.plan(folder)
    changes += [Change(path, unified.files[path], "written by `cdp generate`") for path in unified.different]
    with written(folder, {change.path: change.text for change in changes}):
        settings = find_settings(folder)
        dbt.install_package(settings)
        if not is_new:
            dbt.parse(settings)
    return Initialised(folder, is_new, tuple(changes), tuple(advice))
