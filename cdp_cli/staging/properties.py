"""What the properties files of a project say, read without dbt.

A properties file is dbt's YAML beside a model. It can be anywhere in the project's model paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp_cli.errors import FixConfiguration


@dataclass(frozen=True)
class RawTable:
    """A raw table as the project declares it: column name -> SQL type, or None if no type is given."""

    source: str
    table: str
    schema: str
    path: Path
    columns: dict[str, str | None]


def model_paths(project_dir: Path) -> tuple[Path, ...]:
    """The folders that dbt reads models from, relative to the project."""
    file = project_dir / "dbt_project.yml"
    content = read_mapping(file, Path(file.name)) if file.is_file() else {}
    stated = content.get("model-paths") or ["models"]
    if not isinstance(stated, list) or not all(isinstance(path, str) for path in stated):
        raise FixConfiguration(
            "dbt_project.yml: `model-paths` is not a list of folders.", "Write it as [models]."
        )
    return tuple(Path(path) for path in stated)


def model_files(project_dir: Path) -> dict[str, Path]:
    """The file of each model, by the model's name, as a path relative to the project."""
    return {
        file.stem: file.relative_to(project_dir)
        for folder in model_paths(project_dir)
        for file in sorted((project_dir / folder).rglob("*"))
        if file.suffix in {".sql", ".py"}
    }


def raw_tables(project_dir: Path) -> dict[str, RawTable]:
    """The declared raw tables by `source.table`; a table that two files declare has the columns of both.

    Leaves out the tables that `cdp` itself writes (meta `operational`).
    """
    found: dict[str, RawTable] = {}
    for path, content in property_files(project_dir):
        for source in entries(path, content, "sources"):
            if meta_of(path, source).get("operational"):
                continue
            for table in entries(path, source, "tables"):
                columns = {
                    str(column["name"]): str(column["data_type"]) if column.get("data_type") else None
                    for column in entries(path, table, "columns")
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


def property_files(project_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each properties file in the model paths: its path relative to the project, and its content."""
    for folder in model_paths(project_dir):
        yield from property_files_below(project_dir / folder, project_dir)


def property_files_below(folder: Path, base: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each properties file below `folder`: its path relative to `base`, and its content."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".yml", ".yaml"}:
            path = file.relative_to(base)
            yield path, read_mapping(file, path)


def read_mapping(file: Path, path: Path) -> dict[str, Any]:
    """The content of a YAML file; `path` is how errors name it."""
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
    return content or {}


def entries(path: Path, parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The list below `key`, each entry a mapping with a name."""
    found = parent.get(key) or []
    where = f"{key!r} of {parent['name']!r}" if "name" in parent else repr(key)
    if not isinstance(found, list) or not all(isinstance(e, dict) and e.get("name") for e in found):
        raise FixConfiguration(
            f"{path}: {where} is not a list of entries with a name.", "Give each entry a `name`."
        )
    return found


def meta_of(path: Path, declared: dict[str, Any]) -> dict[str, Any]:
    """The meta of a source, model or column, written either way: `meta:` or `config: {meta:}`."""
    config = declared.get("config") or {}
    metas = [declared.get("meta") or {}, config.get("meta") or {} if isinstance(config, dict) else None]
    if not all(isinstance(meta, dict) for meta in metas):
        raise FixConfiguration(
            f"{path}: the config of {str(declared['name'])!r} is not a mapping.",
            "Write it as `config: {meta: {...}}`.",
        )
    return {key: value for meta in metas if meta for key, value in meta.items()}


def is_disabled(declared: dict[str, Any]) -> bool:
    """Whether a model is switched off by its properties file."""
    return (declared.get("config") or {}).get("enabled", True) is False
