"""Finds the class that speaks a protocol: in a module of ours, or in one beside the project's own YAML."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

from cdp_cli.destinations.base import Destination
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.http_destination import HttpDestination
from cdp_cli.errors import FixConfiguration

_OURS = Path(__file__).parent / "protocols"

Opens = Callable[[Connection], Destination]


def destination_class(protocol: str, own_folder: Path | None) -> Opens:
    """The class of that protocol; it is called with a connection and sends nothing then.

    `postgres` is the class PostgresDestination in `postgres.py`.
    Raises FixConfiguration if there is no such module, it cannot be imported, or it lacks the class.
    """
    if protocol == "http":
        return HttpDestination
    path = _path(protocol, own_folder)
    name = "".join(part.title() for part in protocol.split("_")) + "Destination"
    found = getattr(_module(protocol, path), name, None)
    if not isinstance(found, type):
        raise FixConfiguration(f"{path} has no class {name}.", f"Write `class {name}` in it.")
    return cast(Opens, found)


def _path(protocol: str, own_folder: Path | None) -> Path:
    for folder in (_OURS, own_folder):
        if folder is not None and (folder / f"{protocol}.py").is_file():
            return folder / f"{protocol}.py"
    ours = sorted(path.stem for path in _OURS.glob("[a-z]*.py"))
    raise FixConfiguration(
        f"There is no protocol {protocol!r}.",
        f"Use one of {', '.join(['http', *ours])}, or write destinations/{protocol}.py.",
    )


def _module(protocol: str, path: Path) -> ModuleType:
    if path.parent == _OURS:
        return importlib.import_module(f"cdp_cli.destinations.protocols.{protocol}")
    spec = importlib.util.spec_from_file_location(f"cdp_own_destination_{protocol}", path)
    if spec is None or spec.loader is None:
        raise FixConfiguration(f"{path} cannot be imported.", "Check the file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # It is the project's own code, which may fail in any way.
        raise FixConfiguration(
            f"{path} cannot be imported: {type(error).__name__}: {error}.", "Correct the module."
        ) from error
    return module
