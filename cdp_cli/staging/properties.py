"""What the YAML of models/staging says, read without dbt: what models give, what raw tables must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp_cli.entities import Entity, vocabulary
from cdp_cli.errors import FixConfiguration

STAGING = Path("models") / "staging"


@dataclass(frozen=True)
class StagingModel:
    """A staging model that gives rows of one entity. `source` is the name its rows carry."""

    name: str
    path: Path
    entity: str
    source: str
    one_record_per_person: bool
    columns: tuple[str, ...]


@dataclass(frozen=True)
class RawTable:
    """A raw table as the project declares it: column name -> SQL type, or None where no type is given."""

    source: str
    table: str
    schema: str
    path: Path
    columns: dict[str, str | None]


def staging_models(project_dir: Path) -> list[StagingModel]:
    """The staging models that name an entity in their meta, sorted by name.

    Raises FixConfiguration where a file is not YAML or a model does not give what its entity needs.
    """
    found: dict[str, StagingModel] = {}
    for path, content in _property_files(project_dir):
        for declared in _entries(path, content, "models"):
            model = _staging_model(project_dir, path, declared)
            if model is None:
                continue
            if model.name in found:
                raise FixConfiguration(
                    f"{path} and {found[model.name].path} both describe the model {model.name!r}.",
                    "dbt knows a model by its name alone: rename one of them.",
                )
            found[model.name] = model
    return [found[name] for name in sorted(found)]


def raw_tables(project_dir: Path) -> dict[str, RawTable]:
    """The declared raw tables by `source.table`; a table that two files declare has the columns of both."""
    found: dict[str, RawTable] = {}
    for path, content in _property_files(project_dir):
        for source in _entries(path, content, "sources"):
            for table in _entries(path, source, "tables"):
                columns = {
                    str(column["name"]): str(column["data_type"]) if column.get("data_type") else None
                    for column in _entries(path, table, "columns")
                }
                name = f"{source['name']}.{table['name']}"
                if name in found:
                    columns = {**found[name].columns, **columns}
                found[name] = RawTable(
                    source=str(source["name"]),
                    table=str(table.get("identifier") or table["name"]),
                    schema=str(source.get("schema") or source["name"]),
                    path=path,
                    columns=columns,
                )
    return found


def _property_files(project_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each YAML file below models/staging, as a path relative to the project and its content."""
    for file in sorted((project_dir / STAGING).rglob("*")):
        if file.suffix not in {".yml", ".yaml"}:
            continue
        path = file.relative_to(project_dir)
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise FixConfiguration(
                f"{path} is not valid YAML: line {line}: {error.problem}.",
                "Correct the line; dbt reads the same file.",
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise FixConfiguration(f"{path} is not YAML in UTF-8.", "Save it as UTF-8 text.") from error
        if not isinstance(content, dict | None):
            raise FixConfiguration(
                f"{path} is not a mapping of `sources:` and `models:`.",
                "Correct it; dbt reads the same file.",
            )
        yield path, content or {}


def _entries(path: Path, parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The list below `key`, each entry a mapping with a name."""
    entries = parent.get(key) or []
    where = f"{key!r} of {parent['name']!r}" if "name" in parent else repr(key)
    if not isinstance(entries, list) or not all(isinstance(e, dict) and e.get("name") for e in entries):
        raise FixConfiguration(
            f"{path}: {where} is not a list of entries with a name.", "Give each entry a `name`."
        )
    return entries


def _staging_model(project_dir: Path, path: Path, declared: dict[str, Any]) -> StagingModel | None:
    config = declared.get("config") or {}
    meta = {**(declared.get("meta") or {}), **(config.get("meta") or {})}
    if "entity" not in meta or config.get("enabled", True) is False:
        return None
    name = str(declared["name"])
    entity = vocabulary().get(str(meta["entity"]))
    if entity is None:
        raise FixConfiguration(
            f"{path}: the model {name!r} names the entity {str(meta['entity'])!r}, which there is not.",
            f"Use one of: {', '.join(vocabulary())}.",
        )
    if not (project_dir / path).with_name(f"{name}.sql").is_file():
        raise FixConfiguration(
            f"{path} describes the model {name!r}, but there is no {path.with_name(f'{name}.sql')}.",
            "Add the model, or give both one name.",
        )
    columns = tuple(str(column["name"]) for column in _entries(path, declared, "columns"))
    _check_columns(path, name, entity, columns)
    return StagingModel(
        name=name,
        path=path,
        entity=entity.name,
        source=str(meta.get("source") or path.parent.name),
        one_record_per_person=_one_record_per_person(path, name, entity, meta),
        columns=columns,
    )


def _check_columns(path: Path, name: str, entity: Entity, columns: tuple[str, ...]) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise FixConfiguration(
            f"{path}: the model {name!r} lists the column {twice[0]!r} twice.", "Remove one of them."
        )
    for column in entity.columns:
        if column.required and column.name not in columns:
            role = "key" if column.name == entity.key else "required"
            raise FixConfiguration(
                f"{path}: the model {name!r} does not list {column.name!r}, "
                f"{'the key' if role == 'key' else 'a required column'} of the entity {entity.name!r}.",
                f"Select it in {name}.sql and list it under `columns:`.",
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
