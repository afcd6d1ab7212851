"""Runs `cdp` commands in one process, and writes every model's rows to Parquet: for test_both_engines.

One process, because each start of Java costs seconds. `python -m tests.end_to_end.engine_session` reads a
JSON list from standard input: a list of words is a `cdp` command, a text the folder to write rows to.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pyarrow.parquet as pq

from cdp_cli.cli import cdp
from cdp_cli.config import Settings, find_settings
from cdp_cli.dbt import parse
from cdp_cli.warehouse import open_warehouse


def export_models(settings: Settings, folder: Path) -> None:
    """One file a model or log, `<schema>.<name>.parquet`."""
    folder.mkdir(parents=True)
    if not (settings.artifacts_dir / "manifest.json").exists():
        parse(settings)
    manifest = json.loads((settings.artifacts_dir / "manifest.json").read_text(encoding="utf-8"))
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    names = sorted(
        (node["schema"], node.get("identifier") or node["alias"])
        for node in nodes
        if node["resource_type"] in ("model", "source", "seed")
    )
    with open_warehouse(settings) as warehouse:
        for schema, name in names:
            rows = warehouse.arrow(f"select * from {schema}.{name}")
            pq.write_table(rows, folder / f"{schema}.{name}.parquet")


def main() -> int:
    """Run what standard input says; stops at the first command that fails."""
    for step in json.load(sys.stdin):
        if isinstance(step, str):
            export_models(find_settings(target=os.environ["DBT_TARGET"]), Path(step))
            continue
        code = cdp.main(args=step, standalone_mode=False) or 0
        if code:
            return int(code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
