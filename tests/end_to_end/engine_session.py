"""Runs `cdp` commands in one process, and keeps what they left: for test_both_engines.

One process, because each start of Java costs seconds. `python -m tests.end_to_end.engine_session` reads a
JSON list from standard input: a list of words is a `cdp` command, a text the folder to write every model's
rows and what the receiver holds to, a mapping one edit of a file (`file`, `old`, `new`) before a command that
is to `fail`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from cdp_cli.cli import cdp
from cdp_cli.config import Settings, find_settings
from cdp_cli.receiver.store import Store
from cdp_cli.warehouse import open_warehouse

# Raw tables and staging are the same data in the words of seven tools; `unified` shows what came of them.
_LAYERS = {"unified", "identity", "profiles", "segments", "activation", "insights", "cdp"}


# What the edited model makes: of a folder `..._failed`, nothing else is asked.
_EDITED = ("profiles", "profile_identifiers")


def keep(settings: Settings, folder: Path) -> None:
    """One file a model or log, `<schema>.<name>.parquet`, and the receiver's state."""
    folder.mkdir(parents=True)
    manifest = json.loads((settings.artifacts_dir / "manifest.json").read_text(encoding="utf-8"))
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    names = sorted(
        (node["schema"], node.get("identifier") or node["alias"])
        for node in nodes
        if node["resource_type"] in ("model", "source", "seed") and node["schema"] in _LAYERS
    )
    if folder.name.endswith("_failed"):
        names = [_EDITED]
    with open_warehouse(settings) as warehouse:
        for schema, name in names:
            rows = warehouse.arrow(f"select * from {schema}.{name}")
            pq.write_table(rows, folder / f"{schema}.{name}.parquet")
    state = Store(Path(os.environ["RECEIVER_STORE"])).state()
    (folder / "received.json").write_text(json.dumps(state), encoding="utf-8")


def main() -> int:
    """Run what standard input says; stops at the first command that fails."""
    for step in json.load(sys.stdin):
        if isinstance(step, str):
            keep(find_settings(target=os.environ["DBT_TARGET"]), Path(step))
            continue
        if isinstance(step, dict):
            with edited(Path(step["file"]), step["old"], step["new"]):
                assert cdp.main(args=step["fail"], standalone_mode=False), "the command did not fail"
            continue
        code = cdp.main(args=step, standalone_mode=False) or 0
        if code:
            return int(code)
    return 0


@contextmanager
def edited(file: Path, old: str, new: str) -> Iterator[None]:
    """The file with one text in place of another, and as it was again afterwards."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
