"""A small dbt project for tests of `cdp sync`: forty people with consent and any activation models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from tests.conftest import BARE_PARTS, ROOT, Project, copy_project

PEOPLE = [(f"p{n}", f"person{n}@example.com") for n in range(1, 41)]
MODELS = {
    "profiles/profiles": "select profile_id, email from main.people",
    "profiles/purposes": "select 'service' as purpose, '*' as channel, 'Service' as label",
    "profiles/profile_consents": (
        "select profile_id, 'service' as purpose, 'granted' as state from main.people"
    ),
    "profiles/profile_suppressions": "select 'x' as profile_id, '*' as channel where false",
    "profiles/profile_dialled_numbers": "select 'x' as profile_id, '1' as digits where false",
    "profiles/profile_identifiers": (
        "select profile_id, 'email' as identifier_type, email as identifier_value, "
        "'personal' as identifier_class from main.people"
    ),
}
# The retailer's connections. All syncs here have one purpose, which each connection lets in.
CONNECTIONS = re.sub(
    r"(    destination: .*\n)",
    r"\1    purposes: [service]\n",
    (ROOT / "connections.yml").read_text(encoding="utf-8"),
)
SYNC = """
{{{{ config(meta={{'sync': {{
    'connection': '{connection}', 'object': '{object}', 'mode': 'mirror', 'purpose': 'service',
}}}}) }}}}
select profile_id, profile_id as external_id, email from {{{{ ref('profiles') }}}}
"""


def build_sync_project(root: Path, syncs: Mapping[str, str]) -> Project:
    """A built project whose activation models are `syncs`, SQL by name."""
    project = copy_project(root, BARE_PARTS, ["macros", "dbt_project.yml", "models/_operations.yml"])
    (root / "connections.yml").write_text(CONNECTIONS, encoding="utf-8")
    models = {project.engine / "models" / name: sql for name, sql in MODELS.items()}
    models |= {root / "models" / "activation" / name: sql for name, sql in syncs.items()}
    for path, sql in models.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".sql").write_text(sql, encoding="utf-8")
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("create table people (profile_id varchar, email varchar)")
        warehouse.executemany("insert into people values (?, ?)", PEOPLE)
    ran = project.dbt("build")
    assert ran.code == 0, ran.out
    return project
