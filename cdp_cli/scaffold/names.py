"""The names that a dbt project takes, read without dbt, and those that two projects both take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdp_cli.errors import FixConfiguration
from cdp_cli.staging.generated import is_generated
from cdp_cli.staging.properties import entries, model_paths, property_files, read_mapping

_BLOCK = re.compile(r"{%-?\s*(macro|test|data_test|materialization|snapshot)\s+(\w+)")
# What the root project defines for itself; the engine's serves the engine's models only.
_OF_ONE_PROJECT = ("macro", "generate_schema_name")


@dataclass(frozen=True, order=True)
class Name:
    """One name. dbt has one space of names for models, seeds and snapshots: kind `model`."""

    kind: str
    name: str


def names_of(project_dir: Path) -> dict[Name, Path]:
    """The models, seeds, snapshots, macros and sources of a project, each with its file."""
    found: dict[Name, Path] = {}
    for file in _files(project_dir, "model-paths", ["models"], {".sql", ".py"}):
        found[Name("model", file.stem)] = file.relative_to(project_dir)
    for file in _files(project_dir, "seed-paths", ["seeds"], {".csv"}):
        found[Name("model", file.stem)] = file.relative_to(project_dir)
    for key, default in (
        ("macro-paths", ["macros"]), ("test-paths", ["tests"]), ("snapshot-paths", ["snapshots"]),
    ):  # fmt: skip
        for file in _files(project_dir, key, default, {".sql"}):
            for kind, name in _BLOCK.findall(file.read_text(encoding="utf-8", errors="replace")):
                found[_block_name(kind, name)] = file.relative_to(project_dir)
    for path, content in property_files(project_dir):
        for source in entries(path, content, "sources"):
            found[Name("source", str(source["name"]))] = path
    return found


def check_no_clash(project_dir: Path, engine_dir: Path, generated: Mapping[Path, str]) -> None:
    """Raises FixConfiguration if the project has a name of the engine or of a model to be generated."""
    own = {
        name: path
        for name, path in names_of(project_dir).items()
        if not (path in generated and is_generated(project_dir / path))
    }
    taken = set(names_of(engine_dir)) | {Name("model", path.stem) for path in generated}
    clashes = sorted(name for name in taken & set(own) if (name.kind, name.name) != _OF_ONE_PROJECT)
    if clashes:
        listed = ", ".join(f"{name.kind} {name.name!r} ({own[name]})" for name in clashes)
        raise FixConfiguration(
            f"{project_dir} has names that the engine uses too: {listed}.",
            "Rename them in your project, and run `cdp init` again.",
        )


def macro_file(project_dir: Path, name: str) -> Path | None:
    """The file in which the project defines a macro, or None."""
    return names_of(project_dir).get(Name("macro", name))


def _files(project_dir: Path, key: str, default: list[str], suffixes: set[str]) -> Iterator[Path]:
    if key == "model-paths":
        folders = [str(path) for path in model_paths(project_dir)]
    else:
        file = project_dir / "dbt_project.yml"
        stated = read_mapping(file, Path(file.name)).get(key) if file.is_file() else None
        folders = [str(path) for path in stated] if isinstance(stated, list) else default
    for folder in folders:
        for path in sorted((project_dir / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path


def _block_name(kind: str, name: str) -> Name:
    if kind == "snapshot":
        return Name("model", name)
    if kind == "materialization":
        return Name("macro", f"materialization_{name}")
    return Name("macro", f"test_{name}" if kind in ("test", "data_test") else name)
