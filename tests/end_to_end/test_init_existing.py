"""`cdp init` in a dbt project that exists already: its own models stay, and one of them gives the people."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Project
from tests.end_to_end.jaffle import copy_shop, files

CUSTOMERS = "models/marts/customers.yml"
# What turns the shop's `customers` into people; and who may be written to, which no table of the shop says.
META = """    config:
      meta:
        entity: person
        one_record_per_person: false
        columns: {record_id: customer_id, full_name: customer_name, email: customer_email}
"""
OWN_FILES = {
    "models/marts/newsletter.sql": """
select
    'newsletter:' || customer_id as consent_event_id,
    customer_id as record_id,
    'marketing_email' as purpose,
    'granted' as state,
    cast('2026-01-01' as timestamp) as captured_at
from {{ ref('customers') }}
where customer_id <> 'c2'
""",
    "models/marts/newsletter.yml": """
models:
  - name: newsletter
    config: {meta: {entity: consent_event}}
    columns:
      - {name: consent_event_id}
      - {name: record_id}
      - {name: purpose}
      - {name: state}
      - {name: captured_at}
""",
    "models/segments/known_customers.sql": """
select profile_id from {{ ref('profiles') }} where email is not null
""",
    "models/activation/exports__known_customers.sql": """
{{ config(meta={'sync': {
    'connection': 'exports', 'object': 'known', 'mode': 'mirror', 'purpose': 'marketing_email',
}}) }}
select profiles.profile_id, profiles.profile_id as external_id, profiles.email, profiles.full_name
from {{ ref('known_customers') }} as known_customers
inner join {{ ref('profiles') }} as profiles on known_customers.profile_id = profiles.profile_id
""",
    "connections.yml": """
connections:
  exports: {destination: files, medium: email, settings: {folder: sent, format: csv}}
""",
}


def relations(project: Project) -> dict[str, str]:
    """Where each model and seed of the shop is, as dbt's manifest says."""
    manifest = json.loads((project.root / "target" / "manifest.json").read_text(encoding="utf-8"))
    return {
        unique_id: f"{node['relation_name']} {node['config']['materialized']}"
        for unique_id, node in manifest["nodes"].items()
        if node["package_name"] == "jaffle_shop" and node["resource_type"] in ("model", "seed")
    }


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.root / "jaffle_shop.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The shop as it was, built."""
    project = copy_shop(tmp_path_factory.mktemp("jaffle") / "before")
    for command in ("deps", "build"):
        ran = project.dbt(command)
        assert ran.code == 0, ran.out
    return project


@pytest.fixture(scope="module")
def shop(before: Project) -> Project:
    """The shop with the engine in it."""
    project = before.copy(before.root.parent / "after")
    ran = project.cdp("init", ".")
    assert ran.code == 0, ran.err
    return project


@pytest.fixture(scope="module")
def sent(shop: Project) -> Project:
    """The shop with its customers as people, run to the destination."""
    project = shop.copy(shop.root.parent / "sent")
    text = (project.root / CUSTOMERS).read_text(encoding="utf-8")
    described = "    description: One row per customer.\n"
    (project.root / CUSTOMERS).write_text(text.replace(described, described + META), encoding="utf-8")
    for name, content in OWN_FILES.items():
        (project.root / name).write_text(content, encoding="utf-8")
    for command in ("generate", "run"):
        ran = project.cdp(command)
        assert ran.code == 0, ran.out + ran.err
    return project


def test_no_file_of_the_project_but_those_of_packages_and_configuration_changes(
    before: Project, shop: Project
) -> None:
    was, now = files(before), files(shop)
    changed = {path for path in was if now.get(path) != was[path]}
    assert changed <= {"dbt_project.yml", "packages.yml", ".gitignore", "package-lock.yml"}


def test_what_changes_keeps_each_of_its_lines(before: Project, shop: Project) -> None:
    for name in ("dbt_project.yml", "packages.yml", ".gitignore"):
        was = (before.root / name).read_text(encoding="utf-8").splitlines()
        now = iter((shop.root / name).read_text(encoding="utf-8").splitlines())
        assert all(line in now for line in was), f"{name} lost a line, or their order"


def test_each_model_of_the_project_stays_where_it_was(before: Project, shop: Project) -> None:
    was, now = relations(before), relations(shop)
    assert len(was) == 6
    assert {unique_id: now[unique_id] for unique_id in was} == was


def test_init_says_what_it_did_file_by_file_and_a_second_time_does_nothing(before: Project) -> None:
    project = before.copy(before.root.parent / "twice")
    first = project.cdp("init", "--json")
    after_first = files(project)
    second = project.cdp("init", "--json")
    assert (first.code, second.code) == (0, 0), first.err + second.err
    said = {change["file"] for change in first.json["changes"]}
    was = files(before)
    assert {path for path in after_first if after_first[path] != was.get(path)} <= said | {"package-lock.yml"}
    assert second.json["changes"] == []
    assert files(project) == after_first


def test_a_model_of_the_project_is_the_people_by_its_properties_file_alone(sent: Project) -> None:
    assert rows(
        sent, "select record_id, full_name, email, source from unified.unified_people order by 1"
    ) == [
        ("c1", "Kelly Walsh", "kelly.walsh@example.org", "marts"),
        ("c2", "Brandon Duran", "brandon@example.org", "marts"),
        ("c3", "Kelly Walsh", "kelly.walsh@example.org", "marts"),
        ("c4", "Anne Boyle", "anne.boyle@example.org", "marts"),
    ]
    assert rows(sent, "select count(*) from profiles.profiles") == [(3,)]
    # The shop's own tables are as before, in their own schemas.
    assert rows(sent, "select count(*) from main_marts.customers") == [(4,)]


def test_its_segment_reaches_the_destination_with_consent_only(sent: Project) -> None:
    delivered = [
        row["email"]
        for path in (sent.root / "sent").rglob("*.csv")
        for row in csv.DictReader(path.open(encoding="utf-8"))
    ]
    assert sorted(delivered) == ["anne.boyle@example.org", "kelly.walsh@example.org"]


def test_a_macro_of_the_project_that_names_schemas_stays_and_init_says_so(tmp_path: Path) -> None:
    project = copy_shop(tmp_path / "shop")
    macro = project.root / "macros" / "schemas.sql"
    macro.parent.mkdir()
    text = "{% macro generate_schema_name(name, node) %}{{ name or 'shop' }}{% endmacro %}\n"
    macro.write_text(text, encoding="utf-8")

    ran = project.cdp("init", "--json")

    assert ran.code == 0, ran.err
    assert macro.read_text(encoding="utf-8") == text
    assert not (macro.parent / "generate_schema_name.sql").exists()
    assert any("macros/schemas.sql names the schemas" in advice for advice in ran.json["advice"])
    assert relations(project)["model.jaffle_shop.customers"].startswith('"jaffle_shop"."marts"."customers"')
