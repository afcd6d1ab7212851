"""What a dbt project that exists already gets: the engine's package, folders and configuration.

No model, macro, seed or other file of the project changes but the files that list packages and configuration,
and those keep their text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cdp_cli import engine_package
from cdp_cli.config import find_settings, profiles_folder
from cdp_cli.errors import FixConfiguration
from cdp_cli.scaffold import names
from cdp_cli.scaffold.changes import Change
from cdp_cli.scaffold.new_project import RESERVED
from cdp_cli.scaffold.requirements import check_dbt_version
from cdp_cli.scaffold.templates import (
    LAYER_FOLDERS,
    SILENCED,
    dispatch_entry,
    git_entry,
    layers,
    link_entry,
    template,
    version_entry,
)
from cdp_cli.scaffold.yaml_text import Addition, CannotAdd, add
from cdp_cli.staging import generated
from cdp_cli.staging.properties import model_paths, read_mapping
from cdp_cli.warehouse import check_engine

PROJECT_FILE = "dbt_project.yml"
_LOCK = "package-lock.yml"
_IGNORED: tuple[str, ...] = ("target/", "logs/", "dbt_packages/", "data/ledger/")


def plan(folder: Path, git: tuple[str, str] | None = None) -> tuple[list[Change], list[str]]:
    """The changes to the project in `folder`, and what its owner should know; writes nothing.

    Raises FixConfiguration if the project cannot use the engine as it is, or a file cannot be edited safely.
    """
    project = read_mapping(folder / PROJECT_FILE, Path(PROJECT_FILE))
    name = str(project.get("name") or "")
    if not name or name in RESERVED:
        raise FixConfiguration(
            f"{folder / PROJECT_FILE} names the project {name!r}, which is the name of another dbt package.",
            "Rename your project.",
        )
    check_dbt_version(project)
    profile = _profile(folder, str(project.get("profile") or ""))
    _check_folders(folder, project, name)
    generated_files = generated.plan(folder).files
    names.check_no_clash(folder, engine_package.FOLDER, generated_files)
    schemas, advice = _schema_names(folder)
    wanted = _IGNORED
    ignored = _ignored_lines(folder)
    if git is None and _LOCK not in ignored:
        if (folder / _LOCK).is_file():
            advice.append(
                f"{_LOCK} will hold the path of the engine on this machine: let git ignore it, or take "
                "the engine from git (`cdp init --git`)."
            )
        else:
            wanted = (*wanted, _LOCK)
    changes = [
        _package(folder, git),
        _configuration(folder, project, name),
        profile,
        schemas,
        _gitignore(folder, [line for line in wanted if not _is_covered(line, ignored)]),
        *_new_files(folder),
    ]
    return [change for change in changes if change is not None], advice


def _profile(folder: Path, name: str) -> Change | None:
    """A profiles.yml if dbt finds none; otherwise the one that is there has to suit."""
    if profiles_folder(folder) is not None:
        check_engine(find_settings(folder))
        return None
    if not name:
        raise FixConfiguration(f"{folder / PROJECT_FILE} names no profile.", "Add `profile: NAME`.")
    return Change(
        Path("profiles.yml"), template("profiles.yml", profile=name), "created: where the warehouse is"
    )


def _check_folders(folder: Path, project: Mapping[str, Any], name: str) -> None:
    """A folder of one of our layers must not hold models of another meaning."""
    configured = (project.get("models") or {}).get(name) or {}
    for layer in LAYER_FOLDERS:
        held = sorted(
            file
            for path in model_paths(folder)
            for file in (folder / path / layer).rglob("*")
            if file.suffix in {".sql", ".py"}
        )
        if held and layer not in configured:
            raise FixConfiguration(
                f"{held[0].relative_to(folder)} is in a folder that has a meaning in the engine: each model "
                f"in `{layer}` gets the schema and materialization of that layer.",
                f"Move your models out of `{layer}`, or rename the folder.",
            )


def _package(folder: Path, git: tuple[str, str] | None) -> Change | None:
    listed = read_mapping(folder / "dependencies.yml", Path("dependencies.yml")) if _has(folder) else {}
    file = "dependencies.yml" if "packages" in listed else "packages.yml"
    if file == "dependencies.yml" and git is None:
        raise FixConfiguration(
            "dependencies.yml lists packages, and dbt reads no environment variable there, which names the "
            "installed engine.",
            "Move its `packages:` to packages.yml, or take the engine from git (`cdp init --git URL`).",
        )
    entry = git_entry(*git) if git else link_entry()
    if not (folder / file).is_file():
        text = template("packages.yml").replace(link_entry().strip(), entry.strip().replace("\n", "\n  "))
        return Change(Path(file), text, "created: the engine's package")
    return _edited(folder, file, [Addition(("packages",), entry)], "added the engine's package")


def _has(folder: Path) -> bool:
    return (folder / "dependencies.yml").is_file()


def _configuration(folder: Path, project: Mapping[str, Any], name: str) -> Change | None:
    additions = [
        Addition(("vars",), version_entry()),
        Addition(("models", name), layers()),
        Addition(("flags", "warn_error_options", "silence"), f"- {SILENCED}\n"),
    ]
    if not _dispatches(project):
        additions.append(Addition(("dispatch",), dispatch_entry(name)))
    return _edited(
        folder, PROJECT_FILE, additions, "added the configuration of the engine's folders, and the dispatch"
    )


def _dispatches(project: Mapping[str, Any]) -> bool:
    """Whether the project looks for dbt's macros in the engine already, in an order of its own."""
    for entry in project.get("dispatch") or []:
        if isinstance(entry, dict) and entry.get("macro_namespace") == "dbt":
            if "cdp" in (entry.get("search_order") or []):
                return True
            raise FixConfiguration(
                f"{PROJECT_FILE}: the `dispatch` of dbt's macros has a search order without the engine.",
                "Add `cdp` to it, before `dbt`, and run `cdp init` again; nothing was changed.",
            )
    return False


def _edited(folder: Path, file: str, additions: list[Addition], what: str) -> Change | None:
    text = (folder / file).read_text(encoding="utf-8")
    try:
        edited = add(text, additions)
    except CannotAdd as error:
        lines = "\n".join(addition.as_text() for addition in additions)
        raise FixConfiguration(
            f"{file} cannot be edited safely, because {error}; nothing was changed.",
            f"Add these lines where they are missing, and run `cdp init` again:\n\n{lines}",
        ) from error
    return Change(Path(file), edited, what) if edited != text else None


def _schema_names(folder: Path) -> tuple[Change | None, list[str]]:
    """The macro that names the schemas of our folders; a macro of the project stays as it is."""
    own = names.macro_file(folder, "generate_schema_name")
    if own is None:
        stated = read_mapping(folder / PROJECT_FILE, Path(PROJECT_FILE)).get("macro-paths") or ["macros"]
        path = Path(str(stated[0])) / "generate_schema_name.sql"
        text = template("generate_schema_name_of_layers.sql")
        return Change(path, text, "created: schemas of the engine's folders; yours keep their names"), []
    if "cdp.generate_schema_name" in (folder / own).read_text(encoding="utf-8"):
        return None, []
    return None, [
        f"{own} names the schemas of your models, and now of the engine's folders too. To name those by "
        "layer, begin it with: {% if node.fqn[1] in ['unified', 'traits', 'segments', 'activation'] %}"
        "{{ return(cdp.generate_schema_name(custom_schema_name, node)) }}{% endif %}"
    ]


def _ignored_lines(folder: Path) -> set[str]:
    path = folder / ".gitignore"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {line.strip().removesuffix("*").strip("/") for line in lines}


def _is_covered(line: str, ignored: set[str]) -> bool:
    path = Path(line)
    return any(str(part) in ignored for part in (path, *path.parents))


def _gitignore(folder: Path, missing: list[str]) -> Change | None:
    if not missing:
        return None
    path = folder / ".gitignore"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    what = "added what dbt and cdp write" if text else "created: what dbt and cdp write"
    return Change(Path(".gitignore"), text + "".join(f"{line}\n" for line in missing), what)


def _new_files(folder: Path) -> Iterator[Change]:
    models = model_paths(folder)[0]
    for layer, what in {"segments": "audiences", "activation": "syncs"}.items():
        if not (folder / models / layer).is_dir():
            yield Change(models / layer / ".gitkeep", "", f"created: folder for {what}")
    if not (folder / "connections.yml").is_file():
        yield Change(
            Path("connections.yml"),
            template("connections.yml"),
            "created: which tools syncs send to: none yet",
        )
