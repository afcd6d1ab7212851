"""The SQL of models as dbt compiles it for a DuckDB in memory, so that it also runs outside a build.

Evaluation on a file of records, explanations, tests and benchmarks run the models that a build runs. dbt
compiles them, so a model may use whatever dbt allows. The result is kept beside dbt's artifacts until a file
changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import yaml

from cdp_cli import dbt
from cdp_cli.config import Settings
from cdp_cli.errors import FixModel
from cdp_cli.project import ModelNode, load_project, parsed_files

# The catalog of a DuckDB in memory; the warehouse that dbt compiles for is a file of that name.
_CATALOG = "memory"


@dataclass(frozen=True)
class Seed:
    """A seed's file and its columns' types, in DuckDB's words, in the order of the file."""

    path: str
    column_types: Mapping[str, str]


@dataclass(frozen=True)
class Model:
    """A SELECT that names each model, seed and source table by its name alone, and the materialization."""

    sql: str
    materialized: str


@dataclass(frozen=True)
class Compiled:
    """Models by name, each after those that it reads; the seeds; and the column types of what was given."""

    models: Mapping[str, Model]
    seeds: Mapping[str, Seed]
    given: Mapping[str, Mapping[str, str]]


def compile_models(
    settings: Settings, names: Sequence[str], given: Sequence[str], incremental: Sequence[str] = ()
) -> Compiled:
    """Compile the models among `names` and all models between them and `given`, which the caller has.

    Seeds among `names` and those that the models read come along. Models in `incremental` are compiled as if
    their table existed; the statement calls it by their name.
    Raises FixModel if the project does not compile or lacks one of the models.
    """
    file = settings.artifacts_dir / "compiled" / f"{_digest(settings, names, given, incremental)}.json"
    if file.is_file():
        document = json.loads(file.read_text(encoding="utf-8"))
        return Compiled(
            {name: Model(**model) for name, model in document["models"].items()},
            {name: Seed(**seed) for name, seed in document["seeds"].items()},
            document["given"],
        )
    compiled = _compile(settings, names, given, incremental)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Renamed into place: two processes may compile at the same time.
    written = file.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(asdict(compiled)), encoding="utf-8")
    written.replace(file)
    return compiled


def _seed_rows(file: str, column_types: Mapping[str, str]) -> str:
    """A SELECT of a seed's rows, for DuckDB."""
    path = file.replace("'", "''")
    return f"select * from read_csv('{path}', header = true, types = {dict(column_types)})"


def _digest(settings: Settings, *names: Sequence[str]) -> str:
    state = [json.dumps([settings.target, *map(list, names)])]
    for path in sorted(parsed_files(settings)):
        found = path.stat()
        state.append(f"{path}:{found.st_size}:{found.st_mtime_ns}")
    return hashlib.sha256("\n".join(state).encode()).hexdigest()[:32]


def _compile(
    settings: Settings, names: Sequence[str], given: Sequence[str], incremental: Sequence[str]
) -> Compiled:
    project = load_project(settings)
    models = {model.name: model for model in project.models}
    missing = sorted({*names, *given} - models.keys() - set(project.seeds))
    if missing:
        raise FixModel(
            f"The project has no model or seed {missing[0]!r}.",
            "Enable it, or run `cdp upgrade` to renew the package.",
        )
    order = _order(models, [name for name in names if name in models], given)
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Path(folder) / f"{_CATALOG}.duckdb"
        with duckdb.connect(str(warehouse)) as connection:
            for name in incremental:
                relation = models[name].relation
                connection.execute(f'create schema if not exists "{relation.schema}"')
                connection.execute(f"create table {relation} (n integer)")
            for seed in (project.seeds[name] for name in names if name in project.seeds):
                # A model may ask for its rows while it compiles.
                connection.execute(f'create schema if not exists "{seed.relation.schema}"')
                rows = _seed_rows(str(seed.file), seed.column_types)
                connection.execute(f"create table {seed.relation} as {rows}")
        output = {"type": "duckdb", "path": str(warehouse), "schema": "main", "threads": 1}
        profile = {settings.profile_name: {"target": settings.target, "outputs": {settings.target: output}}}
        (Path(folder) / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
        artifacts = dbt.compile_models(
            replace(settings, profiles_dir=Path(folder), profile=output), order, Path(folder) / "target"
        )
        document = json.loads((artifacts / "manifest.json").read_text(encoding="utf-8"))
    return _read(document, order, names, given)


def _order(models: Mapping[str, ModelNode], names: Sequence[str], given: Sequence[str]) -> list[str]:
    """The models `names` and what they read, near and far, up to `given`: each after what it reads."""
    by_id = {model.unique_id: model for model in models.values()}
    order: dict[str, None] = {}

    def add(model: ModelNode) -> None:
        for parent in model.depends_on:
            if parent in by_id and by_id[parent].name not in (*given, *order):
                add(by_id[parent])
        order[model.name] = None

    for name in names:
        if name not in order:
            add(models[name])
    return list(order)


def _read(
    document: Mapping[str, Any], order: Sequence[str], names: Sequence[str], given: Sequence[str]
) -> Compiled:
    """The statements of a manifest that `dbt compile` wrote, with relations called by their nodes' names."""
    nodes = {
        node["name"]: node
        for node in document["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    plain = {node["relation_name"]: node["name"] for node in nodes.values()}
    plain |= {table["relation_name"]: table["name"] for table in document["sources"].values()}
    read = {parent for name in order for parent in nodes[name]["depends_on"]["nodes"]}
    return Compiled(
        models={
            name: Model(
                _with_names(nodes[name]["compiled_code"], plain), nodes[name]["config"]["materialized"]
            )
            for name in order
        },
        seeds={
            name: Seed(
                str(Path(node["root_path"]) / node["original_file_path"]),
                {column: str(type_) for column, type_ in node["config"]["column_types"].items()},
            )
            for name, node in sorted(nodes.items())
            if node["resource_type"] == "seed" and (name in names or node["unique_id"] in read)
        },
        given={
            name: {
                column["name"]: column["data_type"] or "varchar" for column in nodes[name]["columns"].values()
            }
            for name in given
        },
    )


def _with_names(sql: str, plain: Mapping[str | None, str]) -> str:
    for relation, name in plain.items():
        if relation is not None:
            sql = sql.replace(relation, name)
    return sql.strip()
