"""The shared vocabulary: one YAML file per kind of row that models give and the engine reads.

The engine's entities are the files of this folder. A project adds an entity, or extends one by columns, with
a file in its own folder `entities/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from cdp_cli.errors import FixConfiguration

ENGINE_FOLDER = Path(__file__).parent
PROJECT_FOLDER = Path("entities")

# The data type of each type of the vocabulary, in words that dbt and all engines understand.
DATA_TYPES = {
    "varchar": "string",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "integer": "integer",
    "bigint": "bigint",
    "double": "double",
    "date": "date",
    "decimal(18,2)": "decimal(18,2)",
}
# The columns that the macro `unified` adds to each entity, or to people.
RESERVED = ("source", "one_record_per_person")

_ENTITY_KEYS = {"entity", "plural", "description", "key", "columns"}
_EXTENSION_KEYS = {"extends", "columns"}
_COLUMN_KEYS = {"name", "type", "description", "required", "pii"}


@dataclass(frozen=True)
class Column:
    """One column of the vocabulary. `type` is a key of DATA_TYPES; `pii` marks personal data."""

    name: str
    type: str
    description: str
    required: bool = False
    pii: bool = False


@dataclass(frozen=True)
class Entity:
    """One kind of row: a person, an order, ... `key` names the column that is unique over all sources."""

    name: str
    plural: str
    description: str
    key: str
    columns: tuple[Column, ...]

    @property
    def model(self) -> str:
        """The name of the model that unites all sources."""
        return f"unified_{self.plural}"


def vocabulary(project_dir: Path) -> dict[str, Entity]:
    """The entities of the engine and of the project at `project_dir`, sorted by name.

    Raises FixConfiguration, naming the file, if an entity file is not valid.
    """
    declared = [
        (f"entities/{file.name}", _content(file, f"entities/{file.name}"))
        for folder in (ENGINE_FOLDER, project_dir / PROJECT_FOLDER)
        for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    ]
    entities: dict[str, Entity] = {}
    for where, content in declared:
        if "extends" not in content:
            entity = _entity(where, content)
            _check_is_new(where, entity, entities)
            entities[entity.name] = entity
    for where, content in declared:
        if "extends" in content:
            entity = _extended(where, content, entities)
            entities[entity.name] = entity
    return dict(sorted(entities.items()))


def _content(file: Path, where: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FixConfiguration(
            f"{where} is not valid YAML: line {line}: {error.problem}.", "Correct the line."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FixConfiguration(f"{where} is not YAML in UTF-8.", "Save it as UTF-8 text.") from error
    if not isinstance(content, dict):
        raise FixConfiguration(
            f"{where} is not a mapping.", "Start it with `entity: NAME`, or with `extends: NAME`."
        )
    return content


def _entity(where: str, content: Mapping[str, Any]) -> Entity:
    _check_keys(where, content, _ENTITY_KEYS, needed=_ENTITY_KEYS)
    names = {key: _word(where, key, content[key]) for key in ("entity", "plural", "key")}
    columns = tuple(_columns(where, content["columns"]).values())
    if names["key"] not in {column.name for column in columns if column.required}:
        raise FixConfiguration(
            f"{where}: the key {names['key']!r} is not a required column of the entity.",
            "Add it to `columns:` with `required: true`.",
        )
    return Entity(
        name=names["entity"],
        plural=names["plural"],
        description=str(content["description"]),
        key=names["key"],
        columns=columns,
    )


def _check_is_new(where: str, entity: Entity, known: Mapping[str, Entity]) -> None:
    if entity.name in known:
        raise FixConfiguration(
            f"{where}: the entity {entity.name!r} exists already.",
            f"Use another name, or extend it with `extends: {entity.name}`.",
        )
    for other in known.values():
        if other.plural == entity.plural:
            raise FixConfiguration(
                f"{where}: the plural {entity.plural!r} belongs to the entity {other.name!r} already.",
                f"Use another plural: it names the model {entity.model}.",
            )


def _extended(where: str, content: Mapping[str, Any], known: Mapping[str, Entity]) -> Entity:
    _check_keys(where, content, _EXTENSION_KEYS, needed=_EXTENSION_KEYS)
    entity = known.get(str(content["extends"]))
    if entity is None:
        raise FixConfiguration(
            f"{where} extends the unknown entity {str(content['extends'])!r}.",
            f"Use one of: {', '.join(sorted(known))}.",
        )
    columns = {column.name: column for column in entity.columns}
    for name, column in _columns(where, content["columns"]).items():
        before = columns.get(name)
        if before is not None and before.type != column.type:
            raise FixConfiguration(
                f"{where} gives the column {name!r} of the entity {entity.name!r} the type {column.type!r}, "
                f"but it has the type {before.type!r} already.",
                "Use that type, or another name.",
            )
        # An extension can make a column stricter, never less strict.
        columns[name] = replace(
            column,
            required=column.required or (before is not None and before.required),
            pii=column.pii or (before is not None and before.pii),
        )
    return replace(entity, columns=tuple(columns.values()))


def _columns(where: str, declared: object) -> dict[str, Column]:
    if not isinstance(declared, list) or not declared or not all(isinstance(c, dict) for c in declared):
        raise FixConfiguration(
            f"{where}: `columns` is not a list of columns.",
            "Write each one as {name: ..., type: ..., description: ...}.",
        )
    columns: dict[str, Column] = {}
    for column in declared:
        name = _word(where, "name of a column", column.get("name"))
        here = f"{where}: the column {name!r}"
        _check_keys(here, column, _COLUMN_KEYS, needed={"name", "type", "description"})
        if name in columns:
            raise FixConfiguration(f"{here} is listed twice.", "Remove one of them.")
        if name in RESERVED:
            raise FixConfiguration(
                f"{here} has a name that the unified models use themselves.", "Use another name."
            )
        if column["type"] not in DATA_TYPES:
            raise FixConfiguration(
                f"{here} has the unknown type {column['type']!r}.", f"Use one of: {', '.join(DATA_TYPES)}."
            )
        for flag in ("required", "pii"):
            if not isinstance(column.get(flag, False), bool):
                raise FixConfiguration(f"{here}: `{flag}` is {column[flag]!r}.", "Write true or false.")
        columns[name] = Column(**{**column, "description": str(column["description"])})
    return columns


def _check_keys(where: str, content: Mapping[str, Any], known: set[str], needed: set[str]) -> None:
    missing = sorted(key for key in needed if content.get(key) in (None, ""))
    if missing:
        raise FixConfiguration(f"{where} has no `{missing[0]}`.", "Add it.")
    unknown = sorted(set(map(str, content)) - known)
    if unknown:
        raise FixConfiguration(
            f"{where} has the unknown key {unknown[0]!r}.", f"Use: {', '.join(sorted(known))}."
        )


def _word(where: str, role: str, value: object) -> str:
    text = str(value)
    if not (text.isascii() and text.isidentifier() and text.islower()):
        raise FixConfiguration(
            f"{where}: {text!r} is not a name that a table can have, but is the {role}.",
            "Use lower-case letters, digits and underscores.",
        )
    return text
