"""What we ask of a warehouse, and that on each engine: one package an engine, found and never registered.

Engine differences live here and in macros/portability/, nowhere else. A package has the modules `warehouse`
and `engine`, and a module `dbt` if dbt runs in this process, because it works in a session that we hold.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration
from cdp_cli.warehouse.base import Warehouse

__all__ = ["Warehouse", "change_token", "check_engine", "dbt_runner", "engine_names", "open_warehouse"]

# A thread may open a second warehouse within a visit, to move from one to the other.
_visit = threading.RLock()

DbtRunner = Callable[[Settings, Sequence[str], Callable[[Any], None]], int]


def dbt_runner(settings: Settings) -> DbtRunner | None:
    """What runs dbt in this process for the engine; None where dbt is to be a process of its own."""
    module = f"{__name__}.{settings.engine}.dbt"
    if settings.engine not in engine_names() or find_spec(module) is None:
        return None
    runner: DbtRunner = importlib.import_module(module).run_dbt
    return runner


def check_engine(settings: Settings) -> None:
    """Raises FixConfiguration if the target's warehouse is of a type that we cannot use."""
    if settings.engine not in engine_names():
        raise FixConfiguration(
            f"profiles.yml target {settings.target!r} is of type {settings.engine!r}, which cdp cannot use.",
            f"Use one of: {', '.join(engine_names())}.",
        )


@contextmanager
def open_warehouse(
    settings: Settings, *, read_only: bool = True, create: bool = False, wait_seconds: float = 10.0
) -> Iterator[Warehouse]:
    """Open the target's warehouse for one short visit; it is let go of when the context ends.

    `create` makes an embedded warehouse that is not there yet. A warehouse that another process holds is
    waited for, `wait_seconds` at most. Threads of this process visit one after the other, however long that
    takes.

    Raises FixConfiguration where there is no such warehouse, TryAgain where it stays in use.
    """
    check_engine(settings)
    # Imported when a target asks for it: who uses one engine needs none of the other's libraries.
    engine = importlib.import_module(f"{__name__}.{settings.engine}.warehouse")
    # DuckDB refuses a second connection of another mode in one process, and other engines want inserts into
    # one table to run one after the other.
    with (
        _visit,
        engine.open_warehouse(
            settings, read_only=read_only, create=create, wait_seconds=wait_seconds
        ) as warehouse,
    ):
        yield warehouse


def change_token(settings: Settings) -> object:
    """A value that is another after each change of the target's warehouse; None if the engine cannot tell."""
    check_engine(settings)
    engine = importlib.import_module(f"{__name__}.{settings.engine}.warehouse")
    token: object = engine.change_token(settings)
    return token


def engine_names() -> list[str]:
    """The engines there are, sorted; a target's `type` is one of them."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)
