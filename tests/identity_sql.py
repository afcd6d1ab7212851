"""The compiled SQL of identity, once for all tests of this checkout."""

from __future__ import annotations

import fcntl
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from cdp_cli.compiled import Compiled, compile_models
from cdp_cli.config import find_settings
from cdp_cli.identity.prepare import GIVEN, NEEDED

ROOT = Path(__file__).resolve().parents[1]


@cache
def compiled(
    names: Sequence[str] = NEEDED, given: Sequence[str] = GIVEN, incremental: Sequence[str] = ()
) -> Compiled:
    """Models of the retailer's project. Test processes wait for each other: dbt parses in one folder."""
    settings = find_settings(ROOT)
    settings.artifacts_dir.mkdir(parents=True, exist_ok=True)
    with (settings.artifacts_dir / ".compiling").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return compile_models(settings, names, given, incremental)
