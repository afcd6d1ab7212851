"""connections.yml: which destination, whose account, which ids; secrets by reference only."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from cdp_cli.config import Settings
from cdp_cli.destinations.definition import ANY_MEDIUM, Definition, Medium, Rate
from cdp_cli.destinations.reading import read_yaml, refuse_former_key, validated
from cdp_cli.errors import FixConfiguration

FILE = "connections.yml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Alias(_Strict):
    """A further name for one of the destination's objects, with settings of its own."""

    object: str
    medium: Medium | None = None
    purposes: tuple[str, ...] = ()
    settings: dict[str, str | int | float | bool] = {}


class _Entry(_Strict):
    destination: str
    description: str = ""
    medium: Medium | None = None
    purposes: tuple[str, ...] = ()
    base_url: str | None = None
    secrets: dict[str, str] = {}
    settings: dict[str, str | int | float | bool] = {}
    objects: dict[str, _Alias] = {}
    limits: dict[str, tuple[Rate, ...]] = {}
    rows: int | None = None
    concurrency: int | None = None


class _File(_Strict):
    connections: dict[str, _Entry]


@dataclass(frozen=True)
class Connection:
    """One connection, resolved for one object."""

    name: str
    definition: Definition
    object_name: str  # as the sync names it; an alias keeps its own name
    rule_name: str  # the object as the destination's YAML names it
    medium: str  # by what people are reached there; `*` if nobody said
    purposes: frozenset[str]  # purposes of every channel that may use the medium
    base_url: str
    secrets: Mapping[str, SecretStr]
    settings: Mapping[str, str]
    limits: Mapping[str, tuple[str, ...]]
    rows: int | None
    concurrency: int | None
    project_dir: Path
    schema_prefix: str  # keeps apart what is written for those who share a warehouse


def names(project_dir: Path) -> list[str]:
    """The names of all connections, sorted."""
    return sorted(_read(project_dir).connections)


def destination_of(connection: str, project_dir: Path) -> str:
    """The destination that a connection uses. Raises FixConfiguration if there is no such connection."""
    return _entry(connection, project_dir).destination


@dataclass(frozen=True)
class DestinationAddress:
    """What may be said of a connection in public: no secret, and nothing that the environment decides.

    `url` is the destination's host alone, because a path may be a secret; "" if it is not written plainly.
    """

    destination: str
    description: str
    url: str


def entry_address(connection: str, definition: Definition, project_dir: Path) -> DestinationAddress:
    """The public part of a connection. Raises FixConfiguration where there is no such connection."""
    entry = _entry(connection, project_dir)
    url = (entry.base_url if entry.base_url is not None else definition.base_url) or ""
    host = "" if _VARIABLE.search(url) else urlsplit(url).hostname
    return DestinationAddress(entry.destination, entry.description, f"https://{host}" if host else "")


def resolve(
    connection: str, object_name: str | None, definition: Definition, settings: Settings
) -> Connection:
    """The connection with its references replaced. Without an object it is for `check` only.

    Raises FixConfiguration for an unknown name, a literal secret, an unset variable or a missing setting.
    """
    project_dir = settings.project_dir
    entry = _entry(connection, project_dir)
    where = f"{project_dir / FILE}: connections.{connection}"
    alias = entry.objects.get(object_name or "")
    rule_name = _rule_name(object_name, alias, definition, entry, where)
    given = {**entry.settings, **(alias.settings if alias else {})}
    return Connection(
        name=connection,
        definition=definition,
        object_name=object_name or rule_name,
        rule_name=rule_name,
        medium=_medium(entry, alias, definition, rule_name, where),
        purposes=frozenset({*entry.purposes, *(alias.purposes if alias else ())}),
        base_url=_base_url(entry, definition, where),
        secrets=_secrets(entry, definition, where, project_dir),
        settings=_settings(given, definition, rule_name, where),
        limits=_limits(entry, definition, where),
        rows=entry.rows,
        concurrency=entry.concurrency,
        project_dir=project_dir,
        schema_prefix=settings.schema_prefix,
    )


def _read(project_dir: Path) -> _File:
    path = project_dir / FILE
    if not path.is_file():
        raise FixConfiguration(
            f"{path} does not exist.", "Create it; docs/how-to/connect-a-destination.md shows one."
        )
    values = read_yaml(path)
    entries = values.get("connections")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        refuse_former_key(entry, path, f"connections.{name}")
    return validated(_File, values, path)


def _entry(connection: str, project_dir: Path) -> _Entry:
    entries = _read(project_dir).connections
    if connection not in entries:
        raise FixConfiguration(
            f"{project_dir / FILE} has no connection {connection!r}.",
            f"Add it, or use one of: {', '.join(sorted(entries)) or 'none there'}.",
        )
    return entries[connection]


def _rule_name(
    object_name: str | None, alias: _Alias | None, definition: Definition, entry: _Entry, where: str
) -> str:
    wanted = alias.object if alias else object_name
    if wanted is None:
        return next(iter(definition.objects))
    for candidate in (wanted, "*"):
        if candidate in definition.objects:
            return candidate
    known = sorted({*definition.objects, *entry.objects})
    raise FixConfiguration(
        f"{where} (destination {definition.destination}) has no object {wanted!r}.",
        f"Use one of: {', '.join(known)}.",
    )


def _medium(entry: _Entry, alias: _Alias | None, definition: Definition, rule_name: str, where: str) -> str:
    """What the destination's YAML says of the object, else what the connection says."""
    declared = definition.objects[rule_name].medium or definition.medium
    stated = (alias.medium if alias else None) or entry.medium or declared
    if declared not in (ANY_MEDIUM, stated):
        raise FixConfiguration(
            f"{where}.medium is {stated!r}, and the destination {definition.destination} reaches people by "
            f"{declared!r}.",
            "Drop the key `medium`.",
        )
    return stated


def _base_url(entry: _Entry, definition: Definition, where: str) -> str:
    if definition.protocol != "http":
        return ""
    given = entry.base_url if entry.base_url is not None else definition.base_url
    if given is None:
        raise FixConfiguration(
            f"{where}.base_url is missing.",
            f"The destination {definition.destination} has no address of its own.",
        )
    url = substituted(given, f"{where}.base_url").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FixConfiguration(
            f"{where}.base_url is not an http or https address.", "Write it as https://host/path."
        )
    if parts.username or parts.password or parts.query:
        raise FixConfiguration(
            f"{where}.base_url holds credentials or a query.", "Put secrets under `secrets`, by reference."
        )
    if parts.scheme == "http" and not _is_ours(parts.hostname):
        raise FixConfiguration(
            f"{where}.base_url is http, which would send secrets and people's data unencrypted.",
            "Use https.",
        )
    return url


def _is_ours(host: str) -> bool:
    """Whether a host is this machine or in a private network, such as a container's name."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".internal", ".local", ".localhost"))


def _secrets(entry: _Entry, definition: Definition, where: str, project_dir: Path) -> dict[str, SecretStr]:
    for name in entry.secrets:
        if name not in definition.secrets:
            raise FixConfiguration(
                f"{where}.secrets.{name} is not a secret of the destination {definition.destination}.",
                f"It has: {', '.join(definition.secrets) or 'none'}.",
            )
    missing = [name for name in definition.secrets if name not in entry.secrets]
    if missing:
        raise FixConfiguration(
            f"{where}.secrets.{missing[0]} is missing.", f"Write `{missing[0]}: env:NAME` and set NAME."
        )
    return {
        name: _secret(text, f"{where}.secrets.{name}", project_dir) for name, text in entry.secrets.items()
    }


def _secret(reference: str, where: str, project_dir: Path) -> SecretStr:
    kind, _, name = reference.partition(":")
    if kind == "env" and name.isidentifier():
        value = os.environ.get(name, "").strip()
        if not value:
            raise FixConfiguration(
                f"{where} needs the environment variable {name}, which is not set.", f"Set {name}."
            )
        return SecretStr(value)
    if kind == "file" and name:
        path = project_dir / name
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise FixConfiguration(
                f"{where} needs the file {path}, which cannot be read.", "Create it."
            ) from None
        if not value:
            raise FixConfiguration(
                f"{where} needs the file {path}, which is empty.", "Put the secret into it."
            )
        return SecretStr(value)
    # Never quote the value: it may be the secret itself.
    raise FixConfiguration(
        f"{where} is not a reference.", "Never write a secret into this file: write env:NAME or file:PATH."
    )


def _settings(given: Mapping[str, Any], definition: Definition, rule_name: str, where: str) -> dict[str, str]:
    known = definition.settings
    for name in given:
        if name not in known:
            raise FixConfiguration(
                f"{where}.settings.{name} is not a setting of the destination {definition.destination}.",
                f"It has: {', '.join(known) or 'none'}.",
            )
    found: dict[str, str] = {}
    for name, setting in known.items():
        value = given.get(name, setting.default)
        if value is not None:
            found[name] = substituted(str(value), f"{where}.settings.{name}")
        needed = setting.required or rule_name in setting.required_by
        if needed and not found.get(name):
            raise FixConfiguration(f"{where}.settings.{name} is missing.", setting.description)
        if setting.choices and name in found and found[name] not in setting.choices:
            raise FixConfiguration(
                f"{where}.settings.{name} is not one of {', '.join(setting.choices)}.", setting.description
            )
    return found


def _limits(entry: _Entry, definition: Definition, where: str) -> dict[str, tuple[str, ...]]:
    for name in entry.limits:
        if name not in definition.limits:
            raise FixConfiguration(
                f"{where}.limits.{name} is not a limit of the destination {definition.destination}.",
                f"It has: {', '.join(definition.limits) or 'none'}.",
            )
    return {**definition.limits, **entry.limits}


def substituted(text: str, where: str) -> str:
    """`text` with each ${NAME} and ${NAME:-default} replaced by the environment's value."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if found is None:
            raise FixConfiguration(
                f"{where} needs the environment variable {match[1]}, which is not set.", f"Set {match[1]}."
            )
        return found

    return _VARIABLE.sub(value, text)
