"""Writes models/unified: the files that list what dbt cannot discover by itself.

One model per entity lists the models that give its rows, and profile_traits lists all trait groups. dbt
orders models by the `ref()` that it sees while it parses, so the list is a file. The macro that it calls does
the work. Exposures list the syncs, for the lineage in `dbt docs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp_cli.entities import DATA_TYPES, Column, Entity, vocabulary
from cdp_cli.staging.entity_models import EntityModel, entity_models
from cdp_cli.staging.exposures import exposures
from cdp_cli.staging.properties import model_paths
from cdp_cli.staging.trait_groups import KEY, TraitGroup, trait_groups

# The dbt package that the macros of the engine are called from, with a dot.
MACRO_PREFIX = "cdp."
PROFILE_TRAITS = "profile_traits"
EXPOSURES = "_exposures"
_MARK = "Written by `cdp generate`"
_HEADER = f"{_MARK} from the properties files of the project: run it again instead of editing."


@dataclass(frozen=True)
class Generated:
    """What models/unified holds, or should: file contents by path within the project, and the models read.

    `different` are the files that were missing or not as they should be, `stale` those that nothing asks for.
    """

    models: tuple[EntityModel, ...]
    groups: tuple[TraitGroup, ...]
    entities: Mapping[str, Entity]
    files: dict[Path, str]
    different: tuple[Path, ...]
    stale: tuple[Path, ...]

    @property
    def up_to_date(self) -> bool:
        """Whether nothing had to change."""
        return not self.different and not self.stale


def folder(project_dir: Path) -> Path:
    """Where the generated models are, relative to the project."""
    return model_paths(project_dir)[0] / "unified"


def plan(project_dir: Path) -> Generated:
    """Read the properties files and compare what follows from them with models/unified; writes nothing."""
    entities = vocabulary(project_dir)
    models = entity_models(project_dir, entities)
    groups = trait_groups(project_dir)
    unified = folder(project_dir)
    files: dict[Path, str] = {}
    for entity in entities.values():
        giving = [model.name for model in models if model.entity == entity.name]
        files[unified / f"{entity.model}.sql"] = _list(f"unified('{entity.name}', [", giving)
        files[unified / f"{entity.model}.yml"] = _properties(_unified_properties(entity, giving))
    if groups:
        files[unified / f"{PROFILE_TRAITS}.sql"] = _list("profile_traits([", [group.name for group in groups])
        files[unified / f"{PROFILE_TRAITS}.yml"] = _properties(_traits_properties(groups))
    syncs = exposures(project_dir)
    if syncs:
        files[unified / f"{EXPOSURES}.yml"] = _yaml({"exposures": syncs})
    return Generated(
        models=tuple(models),
        groups=tuple(groups),
        entities=entities,
        files=files,
        different=tuple(path for path, text in files.items() if _read(project_dir / path) != text),
        stale=tuple(
            path.relative_to(project_dir)
            for path in sorted((project_dir / unified).glob("*.*"))
            if path.relative_to(project_dir) not in files and is_generated(path)
        ),
    )


def write(project_dir: Path) -> Generated:
    """Bring models/unified up to date; returns what was changed."""
    generated = plan(project_dir)
    (project_dir / folder(project_dir)).mkdir(parents=True, exist_ok=True)
    for path in generated.different:
        (project_dir / path).write_text(generated.files[path], encoding="utf-8")
    for path in generated.stale:
        (project_dir / path).unlink()
    return generated


def is_generated(path: Path) -> bool:
    """Whether a file was written by `cdp generate`, and not by hand."""
    return _MARK in _read(path)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _list(call: str, models: Sequence[str]) -> str:
    lines = "".join(f"    ref('{name}'),\n" for name in models)
    return f"-- {_HEADER}\n{{{{ {MACRO_PREFIX}{call}\n{lines}]) }}}}\n"


def _unified_properties(entity: Entity, models: Sequence[str]) -> dict[str, Any]:
    sources = ", ".join(models) or "no model yet"
    columns = []
    for column in _shape(entity):
        described = _column(column.name, DATA_TYPES[column.type], column.description, column.pii)
        if column.name == entity.key:
            # A fact without a record_id is a row of its own, so that only the key is tested.
            described["data_tests"] = [f"{MACRO_PREFIX}is_key"]
        columns.append(described)
    return {
        "name": entity.model,
        "description": f"{entity.description} The union over all sources: {sources}.",
        "columns": columns,
    }


def _shape(entity: Entity) -> list[Column]:
    """The columns of the union: the entity's own, and where a row came from."""
    added = [Column("source", "varchar", "The source that gave the row.")]
    if entity.name == "person":
        about = "Whether the source says that it holds each person once."
        added.append(Column("one_record_per_person", "boolean", about))
    return [*entity.columns, *added]


def _traits_properties(groups: Sequence[TraitGroup]) -> dict[str, Any]:
    key = _column(KEY, "string", "The person, as a present id of profiles.", pii=False)
    key |= {"constraints": [{"type": "not_null"}], "data_tests": ["unique"]}
    return {
        "name": PROFILE_TRAITS,
        "description": "One row per profile: what is known of a person, put together from the trait groups "
        f"{', '.join(group.name for group in groups)}. Columns named count_ and sum_ are 0 for profiles "
        f"that a group "
        "has no row for; all others are null.",
        "config": {"schema": "profiles", "materialized": "table", "contract": {"enforced": True}},
        "columns": [
            key,
            *(
                _column(trait.name, trait.data_type, trait.description, trait.pii)
                for group in groups
                for trait in group.traits
            ),
        ],
    }


def _column(name: str, data_type: str, description: str, pii: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "data_type": data_type, "description": description}
    if pii:
        described["config"] = {"meta": {"pii": True}}
    return described


def _properties(model: dict[str, Any]) -> str:
    return _yaml({"models": [model]})


def _yaml(content: dict[str, Any]) -> str:
    text = yaml.safe_dump(
        {"version": 2, **content},
        sort_keys=False,
        width=110,
        allow_unicode=True,
        default_flow_style=False,
    )
    return f"# {_HEADER}\n{text}"
