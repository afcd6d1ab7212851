"""The shared vocabulary: one YAML a kind of row that staging models give and everything else reads."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

import yaml

# How the vocabulary's types are said in a model, where dbt knows an engine's own word for one.
SQL_TYPES = {
    "varchar": "{{ dbt.type_string() }}",
    "timestamp": "{{ dbt.type_timestamp() }}",
    "boolean": "{{ dbt.type_boolean() }}",
    "integer": "{{ dbt.type_int() }}",
    "bigint": "{{ dbt.type_bigint() }}",
    "date": "date",
    "decimal(18,2)": "decimal(18,2)",
}


@dataclass(frozen=True)
class Column:
    """One column of the vocabulary; `type` is a key of SQL_TYPES."""

    name: str
    type: str
    description: str
    required: bool = False


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


@functools.cache
def vocabulary() -> dict[str, Entity]:
    """All entities by name, sorted."""
    files = sorted(
        (file for file in resources.files(__package__).iterdir() if file.name.endswith(".yml")),
        key=lambda file: file.name,
    )
    entities = [_entity(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files]
    return {entity.name: entity for entity in entities}


def _entity(declared: dict[str, object]) -> Entity:
    columns = declared["columns"]
    assert isinstance(columns, list)
    return Entity(
        name=str(declared["entity"]),
        plural=str(declared["plural"]),
        description=str(declared["description"]),
        key=str(declared["key"]),
        columns=tuple(Column(**column) for column in columns),
    )
