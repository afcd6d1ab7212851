"""A small dbt project for tests of `cdp sync`: forty people with consent and any activation models."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from tests.conftest import ROOT, Project

PARTS = ["macros", "dbt_project.yml", "profiles.yml", "connections.yml", "models/_operations.yml"]
PEOPLE = [(f"p{n}", f"person{n}@example.com") for n in range(1, 41)]
MODELS = {
    "profiles/profiles": "select profile_id, email from main.people",
    "profiles/purposes": "select 'service' as purpose, '*' as channel, 'Service' as label",
    "profiles/profile_consents": (
        "select profile_id, 'service' as purpose, 'granted' as state from main.people"
    ),
    "profiles/profile_suppressions": "select 'x' as profile_id, '*' as channel where false",
}
SYNC = """
{{{{ config(meta={{'sync': {{
    'connection': '{connection}', 'object': '{object}', 'mode': 'mirror', 'purpose': 'service',
}}}}) }}}}
select profile_id, profile_id as external_id, email from {{{{ ref('profiles') }}}}
"""


def build_sync_project(root: Path, syncs: Mapping[str, str]) -> Project:
    """A built project whose activation models are `syncs`, SQL by name."""
    for part in PARTS:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, root / part)
    (root / "data").mkdir()
    for name, sql in {**MODELS, **{f"activation/{name}": sql for name, sql in syncs.items()}}.items():
        (root / "models" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")
    project = Project(root)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("create table people (profile_id varchar, email varchar)")
        warehouse.executemany("insert into people values (?, ?)", PEOPLE)
    ran = project.dbt("build")
    assert ran.code == 0, ran.out
    return project
