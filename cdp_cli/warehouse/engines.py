"""Finds identity's engine for the session that dbt gives a Python model."""

from __future__ import annotations

import importlib
from typing import Any

from cdp_cli.identity.engine import Engine
from cdp_cli.warehouse import engine_names


def engine_of(session: Any) -> Engine:
    """The engine over the tables of a session of dbt: that of the warehouse whose session it is.

    An engine's module has `serves`, which knows its own sessions, and `make`.
    """
    modules = [importlib.import_module(f"cdp_cli.warehouse.{name}.engine") for name in engine_names()]
    found = next(module for module in modules if module.serves(session))
    engine: Engine = found.make(session)
    return engine
