"""Each sync as a dbt exposure, so that `dbt docs` shows the lineage as far as the destination.

Read without dbt: a sync's meta stands in its properties file or in the config() of its SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes

from cdp_cli.destinations import DestinationAddress, address_of
from cdp_cli.errors import FixConfiguration
from cdp_cli.staging.properties import (
    entries,
    is_disabled,
    meta_of,
    model_files,
    property_files,
    read_mapping,
)

# What of a sync's meta its exposure names; what is not written plainly is left out.
_NAMED = ("connection", "object", "mode", "purpose")
_NEEDED = "connection"


@dataclass(frozen=True)
class SyncModel:
    """A model that is sent. `sync` is what its meta.sync says as plain text; `owner` is "" without one."""

    name: str
    path: Path
    sync: Mapping[str, str]
    owner: str


def sync_models(project_dir: Path) -> list[SyncModel]:
    """The project's syncs, sorted by name.

    Raises FixConfiguration if a sync does not name its connection plainly.
    """
    declared = {
        str(model["name"]): ({} if is_disabled(model) else meta_of(path, model), is_disabled(model))
        for path, content in property_files(project_dir)
        for model in entries(path, content, "models")
    }
    found = []
    for name, path in sorted(model_files(project_dir).items()):
        meta, disabled = declared.get(name, ({}, False))
        config = _config(project_dir / path) if path.suffix == ".sql" else {}
        sync = {**_mapping(meta.get("sync")), **_mapping(_mapping(config.get("meta")).get("sync"))}
        if disabled or config.get("enabled") is False or not sync:
            continue
        named = {key: str(sync[key]) for key in _NAMED if isinstance(sync.get(key), str)}
        if _NEEDED not in named:
            raise FixConfiguration(
                f"{path}: meta.sync does not name its connection as plain text.",
                "Write `connection` as text, with a name of connections.yml.",
            )
        owner = _mapping(config.get("meta")).get("owner") or meta.get("owner") or ""
        found.append(SyncModel(name, path, named, str(owner)))
    return found


def exposures(project_dir: Path) -> list[dict[str, Any]]:
    """The entries of `exposures:` for all syncs, sorted by name. None holds a secret."""
    return [
        _exposure(sync, address_of(sync.sync[_NEEDED], project_dir), project_dir)
        for sync in sync_models(project_dir)
    ]


def _exposure(sync: SyncModel, address: DestinationAddress | None, project_dir: Path) -> dict[str, Any]:
    connection, meta = sync.sync[_NEEDED], dict(sync.sync)
    label = f"{(address and address.description) or connection}: {sync.sync.get('object', sync.name)}"
    written: dict[str, Any] = {"name": sync.name, "label": label, "type": "application"}
    if address is not None:
        meta["destination"] = address.destination
        if address.url:
            written["url"] = address.url
    written["description"] = f"What `cdp sync` sends to the connection {connection}" + (
        f" for the purpose {sync.sync['purpose']}." if "purpose" in sync.sync else "."
    )
    written["depends_on"] = [f"ref('{sync.name}')"]
    written["owner"] = _owner(sync.owner, project_dir)
    written["config"] = {"meta": {key: meta[key] for key in sorted(meta)}}
    return written


def _owner(stated: str, project_dir: Path) -> dict[str, str]:
    """dbt asks for an owner: the project itself is one where the model's meta names none."""
    if "@" in stated:
        return {"email": stated}
    file = project_dir / "dbt_project.yml"
    project = read_mapping(file, Path(file.name)) if file.is_file() else {}
    return {"name": stated or str(project.get("name") or "project")}


def _config(file: Path) -> dict[str, Any]:
    """What a model's SQL says of itself in config(), as far as it is written plainly."""
    try:
        tree = jinja2.Environment(extensions=["jinja2.ext.do"]).parse(file.read_text(encoding="utf-8"))
    except (jinja2.TemplateError, UnicodeDecodeError):
        # dbt reads the same file, and says what is wrong.
        return {}
    stated: dict[str, Any] = {}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "config":
            stated |= dict(_plain((keyword.key, keyword.value) for keyword in call.kwargs))
    return stated


def _plain(pairs: Iterator[tuple[Any, nodes.Expr]] | Any) -> Iterator[tuple[str, Any]]:
    for key, value in pairs:
        if isinstance(value, nodes.Dict):
            written = ((item.key.as_const(), item.value) for item in value.items if _is_plain(item.key))
            yield str(key), dict(_plain(written))
        elif _is_plain(value):
            yield str(key), value.as_const()


def _is_plain(expression: nodes.Expr) -> bool:
    try:
        expression.as_const()
    except nodes.Impossible:
        return False
    return True


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
