"""Dagster with dagster-dbt: each model an asset, built by one `dbt build`, and `cdp sync` after them.

Runs with dagster 1.13, dagster-dbt 0.29 and cdp-cli in one virtual environment.

CDP_PROJECT is the folder of the dbt project. `dbt deps` and `dbt parse` ran there when it was deployed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets, get_asset_key_for_model

PROJECT = Path(os.environ["CDP_PROJECT"])
# Beside this Python, so that the schedulers' PATH does not matter.
BIN = Path(sys.executable).parent

dbt_project = DbtProject(project_dir=PROJECT)


@dbt_assets(manifest=dbt_project.manifest_path)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """All models, seeds and tests: one process, so that all of identity belongs to one run."""
    yield from dbt.cli(["build"], context=context).stream()


manifest = json.loads(dbt_project.manifest_path.read_text(encoding="utf-8"))
SYNCS = [node["name"] for node in manifest["nodes"].values() if "sync" in node["config"].get("meta", {})]


@dg.asset(deps=[get_asset_key_for_model([models], name) for name in SYNCS])
def synced(context: dg.AssetExecutionContext) -> None:
    """What the destinations have. The ledger makes a repeat safe: what was acknowledged is not sent again."""
    ran = subprocess.run(
        [BIN / "cdp", "sync", "--project-dir", PROJECT], capture_output=True, text=True, check=False
    )
    context.log.info(ran.stdout)
    if ran.returncode:
        raise dg.Failure(description=ran.stderr.strip(), metadata={"exit_code": ran.returncode})


daily = dg.define_asset_job("cdp_daily", selection=dg.AssetSelection.all())

defs = dg.Definitions(
    assets=[models, synced],
    jobs=[daily],
    schedules=[dg.ScheduleDefinition(job=daily, cron_schedule="30 4 * * *")],
    resources={"dbt": DbtCliResource(project_dir=dbt_project, dbt_executable=str(BIN / "dbt"))},
)
