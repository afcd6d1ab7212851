"""Airflow with Cosmos: `dbt build` once a night, shown model by model, and `cdp sync` after it.

Runs with apache-airflow 3.3 and astronomer-cosmos 1.15. `cdp-cli` is installed in a virtual environment of its
own, because Airflow and dbt pin different versions of the same libraries.

CDP_PROJECT is the folder of the dbt project, CDP_BIN the folder of the programs `dbt` and `cdp`.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior

PROJECT = Path(os.environ["CDP_PROJECT"])
BIN = Path(os.environ["CDP_BIN"])

with DAG(
    dag_id="cdp_daily",
    schedule="30 4 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    # One build at a time: a second one would wait for the warehouse, or find it in use.
    max_active_runs=1,
) as dag:
    build = DbtTaskGroup(
        group_id="build",
        # `dbt deps` runs when the project is deployed; packages.yml names the installed engine.
        project_config=ProjectConfig(
            dbt_project_path=PROJECT,
            manifest_path=PROJECT / "target" / "manifest.json",
            install_dbt_deps=False,
            copy_dbt_packages=False,
            # Cosmos rewrites the paths of a stored parse to the project's, and dbt then finds no seed of a package.
            partial_parse=False,
        ),
        profile_config=ProfileConfig(
            profile_name="retailer", target_name="dev", profiles_yml_filepath=PROJECT / "profiles.yml"
        ),
        # The watcher runs one `dbt build`, and each model's task waits for its part. A dbt process for each model
        # would take the lock of a DuckDB file in turn, and each model would belong to another run.
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=BIN / "dbt",
        ),
        render_config=RenderConfig(load_method=LoadMode.DBT_MANIFEST, test_behavior=TestBehavior.AFTER_EACH),
    )

    sync = BashOperator(
        task_id="sync",
        bash_command=f"{BIN}/cdp sync --project-dir {PROJECT}",
        append_env=True,
        # The ledger makes a repeat safe: what was acknowledged is not sent again.
        retries=2,
    )

    build >> sync
