"""The trait groups of the engine and of a project: models in a folder `traits/` that describe profiles.

A group is one SELECT of profile_id and the group's columns. Its properties file lists them with data types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_cli.errors import FixConfiguration
from cdp_cli.staging.properties import (
    entries,
    is_disabled,
    meta_of,
    model_paths,
    property_files_below,
)

KEY = "profile_id"
FOLDER = "traits"
# The engine's dbt package, whose groups every project has.
ENGINE_PACKAGE = Path(__file__).parents[1] / "dbt_package"


@dataclass(frozen=True)
class Trait:
    """One column of a group; `pii` marks personal data."""

    name: str
    data_type: str
    description: str
    pii: bool


@dataclass(frozen=True)
class TraitGroup:
    """One model of a folder `traits/`. `path` is its properties file, `traits` its columns but profile_id."""

    name: str
    path: Path
    traits: tuple[Trait, ...]


def trait_groups(project_dir: Path, engine_package: Path = ENGINE_PACKAGE) -> list[TraitGroup]:
    """The groups of the engine's package and of the project, sorted by name.

    Raises FixConfiguration if a group is not described, has no profile_id, or has a column of another group.
    """
    found: dict[str, TraitGroup] = {}
    owners: dict[str, TraitGroup] = {}
    for folder, base in _folders(project_dir, engine_package):
        for group in _groups_below(folder, base):
            if group.name in found:
                raise FixConfiguration(
                    f"{group.path}: there is another trait group {group.name!r}, of "
                    f"{found[group.name].path}.",
                    "dbt knows a model by its name alone: rename one of them.",
                )
            found[group.name] = group
    for group in found.values():
        for trait in group.traits:
            if trait.name in owners:
                raise FixConfiguration(
                    f"{group.path}: the trait group {group.name!r} has the column {trait.name!r}, which the "
                    f"trait "
                    f"group {owners[trait.name].name!r} has already.",
                    "Rename one of them: all groups become columns of one table.",
                )
            owners[trait.name] = group
    return [found[name] for name in sorted(found)]


def _folders(project_dir: Path, engine_package: Path) -> Iterator[tuple[Path, Path]]:
    """Each folder of trait groups, and the folder that its paths are named from."""
    for base in (engine_package, project_dir):
        if base.is_dir():
            for folder in model_paths(base):
                yield base / folder / FOLDER, base


def _groups_below(folder: Path, base: Path) -> Iterator[TraitGroup]:
    described: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path, content in property_files_below(folder, base):
        for declared in entries(path, content, "models"):
            described[str(declared["name"])] = (path, declared)
    for file in sorted(folder.rglob("*.sql")):
        if file.stem not in described:
            raise FixConfiguration(
                f"{file.relative_to(base)} has no properties file.",
                f"Describe the model {file.stem!r} in {file.with_suffix('.yml').name} beside it, with the "
                f"data type "
                "of each column.",
            )
        path, declared = described[file.stem]
        if not is_disabled(declared):
            yield TraitGroup(file.stem, path, _traits(path, file.stem, entries(path, declared, "columns")))


def _traits(path: Path, group: str, columns: Sequence[dict[str, Any]]) -> tuple[Trait, ...]:
    names = [str(column["name"]) for column in columns]
    if KEY not in names:
        raise FixConfiguration(
            f"{path}: the trait group {group!r} has no column {KEY!r}.",
            f"Select {KEY} in {group}.sql and list it under `columns:`.",
        )
    for column in columns:
        if names.count(str(column["name"])) > 1:
            raise FixConfiguration(
                f"{path}: the trait group {group!r} lists the column {column['name']!r} twice.",
                "Remove one of them.",
            )
        for property_ in ("data_type", "description"):
            if not column.get(property_):
                raise FixConfiguration(
                    f"{path}: the column {column['name']!r} of the trait group {group!r} has no "
                    f"`{property_}`.",
                    "Add it: it is copied to profile_traits.",
                )
    return tuple(
        Trait(
            name=str(column["name"]),
            data_type=str(column["data_type"]),
            description=str(column["description"]).strip(),
            pii=bool(meta_of(path, column).get("pii")),
        )
        for column in columns
        if column["name"] != KEY
    )
