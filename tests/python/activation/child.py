"""One run of the sync in a process of its own, to be killed: python -m activation.child FOLDER PORT SPEC."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cdp_cli.activation.engine import run_sync
from cdp_cli.activation.trials import Pace

from .conftest import World


def main(folder: str, port: str, given: str) -> None:
    spec: dict[str, Any] = json.loads(given)
    world = World(Path(folder), cast(Any, SimpleNamespace(port=int(port))))
    world.destination.match_fields = spec.pop("match_fields")
    world.spec |= spec
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    run_sync(world.settings, world.sync, world.destination, pace=Pace(base_seconds=0.01))


main(*sys.argv[1:])
