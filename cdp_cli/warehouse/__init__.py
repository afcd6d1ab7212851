"""What we ask of a warehouse, and that on each engine.

Engine differences live here and in macros/portability/, nowhere else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration
from cdp_cli.warehouse.base import Warehouse

__all__ = ["Warehouse", "check_engine", "dbt_runner", "open_warehouse"]

# Imported when a target asks for it: who uses one engine needs none of the other's libraries.
_ENGINES = {"duckdb": "cdp_cli.warehouse.duckdb.warehouse", "spark": "cdp_cli.warehouse.spark.warehouse"}

# Where dbt runs in this process, because it works in a session that we hold; elsewhere it is a child process.
_DBT = {"spark": "cdp_cli.warehouse.spark.dbt"}

DbtRunner = Callable[[Settings, Sequence[str], Callable[[Any], None]], int]


def dbt_runner(settings: Settings) -> DbtRunner | None:
    """What runs dbt in this process for the engine; None where dbt is to be a process of its own."""
    module = _DBT.get(settings.engine)
    runner: DbtRunner | None = importlib.import_module(module).run_dbt if module else None
    return runner


def check_engine(settings: Settings) -> None:
    """Raises FixConfiguration if the target's warehouse is of a type that we cannot use."""
    if settings.engine not in _ENGINES:
        raise FixConfiguration(
            f"profiles.yml target {settings.target!r} is of type {settings.engine!r}, which cdp cannot use.",
            f"Use one of: {', '.join(sorted(_ENGINES))}.",
        )


def open_warehouse(
    settings: Settings, *, read_only: bool = True, create: bool = False, wait_seconds: float = 10.0
) -> AbstractContextManager[Warehouse]:
    """Open the target's warehouse for one short visit; it is let go of when the context ends.

    `create` makes an embedded warehouse that is not there yet. A warehouse that another process holds is
    waited for, `wait_seconds` at most.

    Raises FixConfiguration where there is no such warehouse, TryAgain where it stays in use.
    """
    check_engine(settings)
    opened: AbstractContextManager[Warehouse] = importlib.import_module(
        _ENGINES[settings.engine]
    ).open_warehouse(settings, read_only=read_only, create=create, wait_seconds=wait_seconds)
    return opened
