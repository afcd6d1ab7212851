"""The models that give rows of an entity, as their properties files say in `meta`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_cli.entities import Entity
from cdp_cli.errors import FixConfiguration
from cdp_cli.staging.properties import (
    entries,
    is_disabled,
    meta_of,
    model_files,
    model_paths,
    property_files,
)


@dataclass(frozen=True)
class EntityModel:
    """A model that gives rows of one entity.

    `path` is its properties file, `source` the name that its rows carry, and `columns` what it lists.
    `renamed` are the entity's columns that it has under another name: entity column -> model column.
    """

    name: str
    path: Path
    entity: str
    source: str
    one_record_per_person: bool
    columns: tuple[str, ...]
    renamed: Mapping[str, str]

    def unused(self, entity: Entity) -> list[str]:
        """The columns that do not go into the unified model, sorted."""
        used = {self.renamed.get(column.name, column.name) for column in entity.columns}
        return sorted(set(self.columns) - used)


def entity_models(project_dir: Path, vocabulary: Mapping[str, Entity]) -> list[EntityModel]:
    """The models of the project whose meta names an entity, sorted by name.

    Raises FixConfiguration if a properties file is not valid or a model does not give what its entity needs.
    """
    files = model_files(project_dir)
    found: dict[str, EntityModel] = {}
    for path, content in property_files(project_dir):
        for declared in entries(path, content, "models"):
            meta = meta_of(path, declared)
            if "entity" not in meta or is_disabled(declared):
                continue
            model = _entity_model(
                path, declared, meta, vocabulary, _folder(project_dir, path, declared, files)
            )
            if model.name in found:
                raise FixConfiguration(
                    f"{path} and {found[model.name].path} both describe the model {model.name!r}.",
                    "dbt knows a model by its name alone: rename one of them.",
                )
            found[model.name] = model
    return [found[name] for name in sorted(found)]


def _folder(project_dir: Path, path: Path, declared: dict[str, Any], files: Mapping[str, Path]) -> str:
    """The folder of the model's file, which names its source unless the meta does."""
    name = str(declared["name"])
    if name in files:
        return files[name].parent.name
    if declared.get("versions"):
        return path.parent.name
    raise FixConfiguration(
        f"{path} describes the model {name!r}, but there is no {name}.sql in "
        f"{', '.join(str(folder) for folder in model_paths(project_dir))}.",
        "Add the model, or give both one name.",
    )


def _entity_model(
    path: Path, declared: dict[str, Any], meta: dict[str, Any], vocabulary: Mapping[str, Entity], folder: str
) -> EntityModel:
    name = str(declared["name"])
    entity = vocabulary.get(str(meta["entity"]))
    if entity is None:
        raise FixConfiguration(
            f"{path}: the model {name!r} names the unknown entity {str(meta['entity'])!r}.",
            f"Use one of: {', '.join(vocabulary)}.",
        )
    columns = tuple(str(column["name"]) for column in entries(path, declared, "columns"))
    renamed = _renamed(path, name, entity, columns, meta.get("columns") or {})
    _check_columns(path, name, entity, columns, renamed)
    return EntityModel(
        name=name,
        path=path,
        entity=entity.name,
        source=str(meta.get("source") or folder),
        one_record_per_person=_one_record_per_person(path, name, entity, meta),
        columns=columns,
        renamed=renamed,
    )


def _renamed(
    path: Path, name: str, entity: Entity, columns: tuple[str, ...], stated: object
) -> Mapping[str, str]:
    if not isinstance(stated, dict) or not all(isinstance(c, str) for pair in stated.items() for c in pair):
        raise FixConfiguration(
            f"{path}: `columns` in the meta of the model {name!r} is not a mapping.",
            f"Write it as {{{entity.key}: your_column}}.",
        )
    known = {column.name for column in entity.columns}
    for column, own in stated.items():
        if column not in known:
            raise FixConfiguration(
                f"{path}: the meta of the model {name!r} maps the column {column!r}, which the entity "
                f"{entity.name!r} does not have.",
                f"Use one of: {', '.join(sorted(known))}.",
            )
        if own not in columns:
            raise FixConfiguration(
                f"{path}: the meta of the model {name!r} maps {column!r} to {own!r}, a column that the "
                f"model does "
                "not list.",
                "List it under `columns:`, or correct the mapping.",
            )
    return stated


def _check_columns(
    path: Path, name: str, entity: Entity, columns: tuple[str, ...], renamed: Mapping[str, str]
) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise FixConfiguration(
            f"{path}: the model {name!r} lists the column {twice[0]!r} twice.", "Remove one of them."
        )
    for column in entity.columns:
        if column.required and renamed.get(column.name, column.name) not in columns:
            role = "the key" if column.name == entity.key else "a required column"
            raise FixConfiguration(
                f"{path}: the model {name!r} does not list {column.name!r}, {role} of the entity "
                f"{entity.name!r}.",
                f"Select it in {name}.sql and list it under `columns:`, or name your own column for it in "
                f"the meta: "
                f"`columns: {{{column.name}: your_column}}`.",
            )


def _one_record_per_person(path: Path, name: str, entity: Entity, meta: dict[str, Any]) -> bool:
    stated = meta.get("one_record_per_person", False)
    if not isinstance(stated, bool):
        raise FixConfiguration(
            f"{path}: `one_record_per_person` of the model {name!r} is {stated!r}.", "Write true or false."
        )
    if "one_record_per_person" in meta and entity.name != "person":
        raise FixConfiguration(
            f"{path}: the model {name!r} gives rows of {entity.name!r} and sets `one_record_per_person`.",
            "It says something about models of the entity 'person' only: remove it.",
        )
    return stated
