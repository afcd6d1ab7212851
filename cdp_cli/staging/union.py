"""Writes models/unified: one model an entity, the union over the staging models that give it.

dbt orders models by the `ref()` that it sees while it parses, so the list of sources is a file, not a loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from cdp_cli.entities import SQL_TYPES, Column, Entity, vocabulary
from cdp_cli.staging.properties import StagingModel, staging_models

UNIFIED = Path("models") / "unified"
_HEADER = "Written by `cdp generate` from the twins in models/staging: run it again instead of editing."


@dataclass(frozen=True)
class Generated:
    """What models/unified holds, or should: file contents by path within the project, and the models read.

    `different` are the files that were missing or not as they should be, `stale` those of no entity.
    """

    models: tuple[StagingModel, ...]
    files: dict[Path, str]
    different: tuple[Path, ...]
    stale: tuple[Path, ...]

    @property
    def up_to_date(self) -> bool:
        """Whether nothing had to change."""
        return not self.different and not self.stale


def plan(project_dir: Path) -> Generated:
    """Read the twins and compare what follows from them with models/unified; writes nothing."""
    models = staging_models(project_dir)
    files: dict[Path, str] = {}
    for entity in vocabulary().values():
        giving = [model for model in models if model.entity == entity.name]
        files[UNIFIED / f"{entity.model}.sql"] = _sql(entity, giving)
        files[UNIFIED / f"{entity.model}.yml"] = _properties(entity, giving)
    return Generated(
        models=tuple(models),
        files=files,
        different=tuple(path for path, text in files.items() if _read(project_dir / path) != text),
        stale=tuple(
            path.relative_to(project_dir)
            for path in sorted((project_dir / UNIFIED).glob("*.*"))
            if path.relative_to(project_dir) not in files and _HEADER in _read(path)
        ),
    )


def write(project_dir: Path) -> Generated:
    """Bring models/unified up to date; returns what was changed."""
    generated = plan(project_dir)
    (project_dir / UNIFIED).mkdir(parents=True, exist_ok=True)
    for path in generated.different:
        (project_dir / path).write_text(generated.files[path], encoding="utf-8")
    for path in generated.stale:
        (project_dir / path).unlink()
    return generated


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _sql(entity: Entity, models: Sequence[StagingModel]) -> str:
    if not models:
        lines = ",\n".join(f"    {_null(column)}" for column in _shape(entity))
        return f"-- {_HEADER}\nselect\n\n{lines}\n\nwhere 1 = 0\n"
    steps = [_step(entity, model) for model in models]
    union = "\n\n    union all\n\n".join(f"    select * from {model.name}" for model in models)
    steps.append(f"unioned as (\n\n{union}\n\n)")
    return f"-- {_HEADER}\nwith\n\n" + ",\n\n".join(steps) + "\n\nselect * from unioned\n"


def _step(entity: Entity, model: StagingModel) -> str:
    lines = [
        f"cast({column.name} as {SQL_TYPES[column.type]}) as {column.name}"
        if column.name in model.columns
        else _null(column)
        for column in entity.columns
    ]
    lines.append(f"cast({_literal(model.source)} as {SQL_TYPES['varchar']}) as source")
    if entity.name == "person":
        lines.append(f"{'true' if model.one_record_per_person else 'false'} as one_record_per_person")
    body = ",\n".join(f"        {line}" for line in lines)
    return f"{model.name} as (\n\n    select\n\n{body}\n\n    from {{{{ ref('{model.name}') }}}}\n\n)"


def _null(column: Column) -> str:
    return f"cast(null as {SQL_TYPES[column.type]}) as {column.name}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _shape(entity: Entity) -> list[Column]:
    """The columns of the union: the entity's own, and where a row came from."""
    added = [Column("source", "varchar", "The source that gave the row.")]
    if entity.name == "person":
        about = "Whether the source says that it holds each person once."
        added.append(Column("one_record_per_person", "boolean", about))
    return [*entity.columns, *added]


def _properties(entity: Entity, models: Sequence[StagingModel]) -> str:
    columns = []
    for column in _shape(entity):
        described: dict[str, object] = {
            "name": column.name,
            "data_type": column.type,
            "description": column.description,
        }
        if column.name == entity.key:
            # Whoever has no id is nobody; a fact without one is a row of its own, and a test less is time.
            described["data_tests"] = ["cdp.is_key"]
        columns.append(described)
    sources = ", ".join(model.name for model in models) or "no staging model yet"
    model = {
        "name": entity.model,
        "description": f"{entity.description} The union over all sources: {sources}.",
        "columns": columns,
    }
    text = yaml.safe_dump(
        {"version": 2, "models": [model]},
        sort_keys=False,
        width=110,
        allow_unicode=True,
        default_flow_style=False,
    )
    return f"# {_HEADER}\n{text}"
