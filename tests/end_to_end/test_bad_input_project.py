"""A project that is not as it should be: each mistake is one sentence, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import copy_project

CONTACTS = "models/staging/crm/stg_crm__contacts.yml"
CLUB = "{extends: person, columns: [{name: club, type: varchar, description: The club.}]}"
VISITS = (
    "models: [{name: visit_traits, columns: [{name: profile_id, data_type: string, description: The person.}, "
    "{name: count_orders, data_type: bigint, description: Orders.}]}]"
)


@dataclass(frozen=True)
class Case:
    """One mistake in the project, the command that meets it, and what is said and returned."""

    name: str
    sentence: str
    code: int
    command: tuple[str, ...]
    arrange: Callable[[Path], object] = lambda root: None


def replaced(file: str, old: str, new: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def written(file: str, text: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text, encoding="utf-8")

    return change


def trait_group(properties: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        written("models/traits/visit_traits.sql", "select profile_id from {{ ref('profiles') }}")(root)
        written("models/traits/visit_traits.yml", properties)(root)

    return change


def removed(file: str) -> Callable[[Path], object]:
    return lambda root: (root / file).unlink()


CASES = [
    Case("no dbt_project.yml", "has a dbt_project.yml.", 4, ("status",), removed("dbt_project.yml")),
    Case(
        "no such target", "has no target 'moon'. Use one of: dev, spark.", 4, ("status", "--target", "moon")
    ),
    Case(
        "profiles.yml is not YAML",
        "profiles.yml cannot be read:",
        4,
        ("status",),
        written("profiles.yml", "retailer: [unclosed"),
    ),
    Case(
        "a variable of profiles.yml is not set",
        "profiles.yml needs the environment variable WAREHOUSE_PLACE, which is not set. Set WAREHOUSE_PLACE",
        4,
        ("status",),
        replaced("profiles.yml", "env_var('CDP_DATA', 'data')", "env_var('WAREHOUSE_PLACE')"),
    ),
    Case(
        "no profile of the name",
        "has no profile 'retailerp'",
        4,
        ("status",),
        replaced("dbt_project.yml", "profile: retailer", "profile: retailerp"),
    ),
    Case("no warehouse yet", "There is no warehouse at", 4, ("profile", "show", "p1")),
    Case(
        "a warehouse that is no DuckDB file",
        "cannot be opened as a DuckDB file.",
        4,
        ("status",),
        written("data/warehouse.duckdb", "not a database"),
    ),
    Case(
        "an engine that cdp does not know",
        "is of type 'postgres', which cdp cannot use.",
        4,
        ("profile", "show", "p1"),
        replaced("profiles.yml", "type: duckdb", "type: postgres"),
    ),
    Case(
        "a properties file that names an unknown entity",
        f"{CONTACTS}: the model 'stg_crm__contacts' names the unknown entity 'persona'. Use one of:",
        4,
        ("generate",),
        replaced(CONTACTS, "entity: person", "entity: persona"),
    ),
    Case(
        "a properties file without the key",
        f"{CONTACTS}: the model 'stg_crm__contacts' does not list 'record_id', the key of the entity "
        f"'person'.",
        4,
        ("generate",),
        replaced(CONTACTS, "name: record_id", "name: recordid"),
    ),
    Case(
        "a properties file that is not YAML",
        f"{CONTACTS} is not valid YAML: line",
        4,
        ("generate",),
        written(CONTACTS, "models:\n  - name: [x\n"),
    ),
    Case(
        "an entity with an unknown type",
        "entities/person.yml: the column 'club' has the unknown type 'text'. Use one of: varchar, timestamp,",
        4,
        ("generate",),
        written("entities/person.yml", CLUB.replace("varchar", "text")),
    ),
    Case(
        "an entity whose column clashes with another type",
        "entities/person.yml gives the column 'email' of the entity 'person' the type 'bigint', but it has "
        "the "
        "type 'varchar' already. Use that type, or another name.",
        4,
        ("generate",),
        written("entities/person.yml", CLUB.replace("club", "email").replace("varchar", "bigint")),
    ),
    Case(
        "a mapping to a column that the model does not list",
        f"{CONTACTS}: the meta of the model 'stg_crm__contacts' maps 'email' to 'mail', a column that the "
        f"model "
        "does not list.",
        4,
        ("generate",),
        replaced(CONTACTS, "{entity: person}", "{entity: person, columns: {email: mail}}"),
    ),
    Case(
        "a trait group without a properties file",
        "models/traits/visit_traits.sql has no properties file.",
        4,
        ("generate",),
        written("models/traits/visit_traits.sql", "select profile_id from {{ ref('profiles') }}"),
    ),
    Case(
        "a trait group without a profile_id",
        "models/traits/visit_traits.yml: the trait group 'visit_traits' has no column 'profile_id'.",
        4,
        ("generate",),
        trait_group(VISITS.replace("{name: profile_id, data_type: string, description: The person.}, ", "")),
    ),
    Case(
        "a trait that another group has",
        "models/traits/visit_traits.yml: the trait group 'visit_traits' has the column 'count_orders', "
        "which the trait group 'order_traits' has already.",
        4,
        ("generate",),
        trait_group(VISITS),
    ),
    Case(
        "a union that is not up to date",
        "models/unified/unified_orders.sql is not what the properties files say. Run `cdp generate` and "
        "commit",
        6,
        ("generate", "--check"),
        removed("models/unified/unified_orders.sql"),
    ),
    Case(
        "a model that dbt cannot parse",
        "dbt could not start: Compilation Error in model regulars_60d (models/segments/regulars_60d.sql)",
        6,
        ("status",),
        written("models/segments/regulars_60d.sql", "select profile_id from {{ ref('profiles' }}"),
    ),
    Case(
        "a model that refers to what is not there",
        "depends on a node named 'no_such_model' which was not found",
        6,
        ("sync",),
        written("models/segments/regulars_60d.sql", "select profile_id from {{ ref('no_such_model') }}"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_said_in_one_sentence_and_nothing_is_written(case: Case, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    case.arrange(project.root)
    before = sorted(path.name for path in (project.root / "data").rglob("*"))
    ran = project.cdp(*case.command)
    assert case.sentence in ran.err
    assert ran.code == case.code
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert sorted(path.name for path in (project.root / "data").rglob("*")) == before
