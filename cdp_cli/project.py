"""The dbt project as typed values: models, segments, syncs and sources, read from dbt's manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdp_cli import dbt
from cdp_cli.config import PREFIX_VAR, PREFIX_VARIABLE, Settings
from cdp_cli.errors import FixConfiguration
from cdp_cli.relations import Relation, Relations

# What dbt reads to make the manifest; when one of these is newer, the manifest is stale.
_FOLDERS = ("models/**/*", "macros/**/*", "seeds/**/*")
_PARSED = ("dbt_project.yml", "profiles.yml", "packages.yml", *_FOLDERS)
# The resource types that are tables or views of their own.
_TABLES = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Column:
    """A declared column: its type and description as written, and its meta."""

    name: str
    data_type: str
    meta: Mapping[str, Any]
    description: str = ""


@dataclass(frozen=True)
class ModelNode:
    """One dbt model: where it is written and where it lives in the warehouse."""

    unique_id: str
    name: str
    relation: Relation
    path: str  # from the project's folder
    description: str
    materialized: str
    meta: Mapping[str, Any]
    columns: Mapping[str, Column]
    depends_on: tuple[str, ...]  # unique ids of models, seeds and sources


@dataclass(frozen=True)
class SourceTable:
    """One declared raw table."""

    source: str
    name: str
    relation: Relation
    path: str
    meta: Mapping[str, Any]
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class Seed:
    """A seed: its relation, its CSV file, and its columns' declared types."""

    relation: Relation
    file: Path
    column_types: Mapping[str, str]


@dataclass(frozen=True)
class Project:
    """All models and source tables, sorted by name.

    `relations` has the seeds too. `tests` are the data tests, each with the unique ids of what it reads;
    `seeds` are by name.
    """

    models: tuple[ModelNode, ...]
    sources: tuple[SourceTable, ...]
    relations: Relations
    tests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seeds: Mapping[str, Seed] = field(default_factory=dict)

    @property
    def segments(self) -> tuple[ModelNode, ...]:
        """The models that are audiences."""
        return tuple(model for model in self.models if model.materialized == "segment")

    @property
    def syncs(self) -> tuple[ModelNode, ...]:
        """The models whose meta says how they are sent."""
        return tuple(model for model in self.models if "sync" in model.meta)

    @property
    def raw_tables(self) -> tuple[SourceTable, ...]:
        """The tables that sources bring, without those that cdp writes itself."""
        return tuple(table for table in self.sources if not table.meta.get("operational"))

    def upstream(self, model: ModelNode) -> frozenset[str]:
        """The unique ids of everything that `model` is built from, near and far."""
        by_id = {node.unique_id: node for node in self.models}
        seen: set[str] = set()
        waiting = list(model.depends_on)
        while waiting:
            unique_id = waiting.pop()
            if unique_id not in seen:
                seen.add(unique_id)
                waiting.extend(by_id[unique_id].depends_on if unique_id in by_id else ())
        return frozenset(seen)


def load_project(settings: Settings) -> Project:
    """The project as its files are now; dbt parses it (some seconds) only if they changed.

    Raises FixModel if it does not parse.
    """
    document = _manifest(settings)
    nodes = sorted(document["nodes"].values(), key=lambda node: str(node["unique_id"]))
    sources = sorted(map(_source, document["sources"].values()), key=lambda table: (table.source, table.name))
    return Project(
        models=tuple(_model(node) for node in nodes if node["resource_type"] == "model"),
        sources=tuple(sources),
        relations=Relations(
            nodes={node["name"]: _relation(node) for node in nodes if node["resource_type"] in _TABLES},
            tables={(table.source, table.name): table.relation for table in sources},
        ),
        tests={
            unique_id: tuple(node["depends_on"]["nodes"])
            for unique_id, node in document["nodes"].items()
            if node["resource_type"] == "test"
        },
        seeds={
            node["name"]: Seed(
                Relation(node["schema"], node["alias"]),
                Path(node["root_path"]) / node["original_file_path"],
                {column: str(type_) for column, type_ in node["config"]["column_types"].items()},
            )
            for node in document["nodes"].values()
            if node["resource_type"] == "seed"
        },
    )


def _manifest(settings: Settings) -> Mapping[str, Any]:
    """What dbt wrote, of these very files, this target and this schema prefix."""
    path = settings.artifacts_dir / "manifest.json"
    if path.exists() and path.stat().st_mtime >= _last_change(settings):
        document = _read(path)
        if _made_for(document) == (settings.target, settings.schema_prefix):
            return document
    dbt.parse(settings)
    document = _read(path)
    if _made_for(document) != (settings.target, settings.schema_prefix):
        raise FixConfiguration(
            f"dbt and dbt_project.yml disagree on the schema prefix {settings.schema_prefix!r} of the target "
            f"{settings.target!r}.",
            f"Set {PREFIX_VAR} directly under `vars:`, or set {PREFIX_VARIABLE}, and nowhere else.",
        )
    return document


def _read(path: Path) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _made_for(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """The target and the schema prefix of a manifest, as models/_operations.yml of the package notes them."""
    noted = [node["config"].get("meta", {}) for node in document["sources"].values()]
    return next(((meta["target"], meta[PREFIX_VAR]) for meta in noted if PREFIX_VAR in meta), None)


def _last_change(settings: Settings) -> float:
    return max((path.stat().st_mtime for path in parsed_files(settings)), default=0.0)


def parsed_files(settings: Settings) -> Iterator[Path]:
    """The files that dbt reads to make the manifest, and their folders."""
    # Folders count too: a deleted file changes its folder's time only.
    packages = f"{settings.packages_path}/*"
    for pattern in (*_PARSED, packages, *(f"{packages}/{part}" for part in ("dbt_project.yml", *_FOLDERS))):
        yield from settings.project_dir.glob(pattern)


def _model(node: Mapping[str, Any]) -> ModelNode:
    config = node["config"]
    return ModelNode(
        unique_id=node["unique_id"],
        name=node["name"],
        relation=_relation(node),
        path=node["original_file_path"],
        description=node["description"],
        materialized=config["materialized"],
        meta=config.get("meta", {}),
        columns=_columns(node),
        depends_on=tuple(node["depends_on"]["nodes"]),
    )


def _relation(node: Mapping[str, Any]) -> Relation:
    return Relation(node["schema"], node["alias"])


def _source(node: Mapping[str, Any]) -> SourceTable:
    return SourceTable(
        source=node["source_name"],
        name=node["name"],
        relation=Relation(node["schema"], node["identifier"]),
        path=node["original_file_path"],
        meta={**node.get("meta", {}), **node["config"].get("meta", {})},
        columns=_columns(node),
    )


def _columns(node: Mapping[str, Any]) -> dict[str, Column]:
    return {
        name: Column(
            name=name,
            data_type=column.get("data_type") or "",
            meta={**column.get("meta", {}), **column.get("config", {}).get("meta", {})},
            description=column.get("description", ""),
        )
        for name, column in node["columns"].items()
    }
