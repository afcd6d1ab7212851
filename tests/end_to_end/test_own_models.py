"""A business adds entities, columns, models that it has already and trait groups with files of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Project

MARTS = "models/marts"
FILES = {
    "entities/membership.yml": """
entity: membership
plural: memberships
description: One row per membership.
key: membership_id
columns:
  - {name: membership_id, type: varchar, required: true, description: "Unique over all sources."}
  - {name: record_id, type: varchar, pii: true, description: "Whose it is."}
  - {name: monthly_fee, type: "decimal(18,2)", description: "What it costs."}
  - {name: ended_on, type: date, description: "When it ended."}
""",
    "entities/person.yml": """
extends: person
columns:
  - {name: club, type: varchar, description: "The club that the person visits."}
""",
    f"{MARTS}/dim_customers.sql": """
select * from (values
    (1, 'ada@example.org', 'Ada', 'north'),
    (2, 'bo@example.org', 'Bo', 'south')
) as customers (customer_id, email_address, first_name, home_club)
""",
    f"{MARTS}/dim_members.sql": """
select 'm' || customer_id as membership_id, customer_id as record_id, 19.9 as fee
from {{ ref('dim_customers') }}
""",
    f"{MARTS}/schema.yml": """
version: 2
models:
  - name: dim_customers
    config:
      meta:
        entity: person
        one_record_per_person: true
        columns: {record_id: customer_id, email: email_address, club: home_club}
    columns: [{name: customer_id}, {name: email_address}, {name: first_name}, {name: home_club}]
  - name: dim_members
    config:
      meta: {entity: membership, source: club_desk, columns: {monthly_fee: fee}}
    columns: [{name: membership_id}, {name: record_id}, {name: fee}]
""",
    "models/traits/member_traits.sql": """
select
    identity_map.profile_id,
    count(*) as count_memberships,
    max(memberships.monthly_fee) as highest_fee

from {{ ref('unified_memberships') }} as memberships

inner join {{ ref('identity_map') }} as identity_map
    on memberships.record_id = identity_map.record_id

group by identity_map.profile_id
""",
    "models/traits/member_traits.yml": """
version: 2
models:
  - name: member_traits
    description: One row per profile with a membership.
    columns:
      - {name: profile_id, data_type: string, description: The person.}
      - {name: count_memberships, data_type: bigint, description: Memberships.}
      - {name: highest_fee, data_type: "decimal(18,2)", description: The dearest one.}
""",
}
TRAITS = "models/traits/member_traits.sql"


@pytest.fixture(scope="module")
def club(built_demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The built demo with these files beside its own, generated and built again."""
    made = built_demo.copy(tmp_path_factory.mktemp("club") / "project")
    for name, text in FILES.items():
        path = made.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    ran = made.cdp("generate")
    assert ran.code == 0, ran.err
    built = made.dbt(
        "run", "--select", "+member_traits", "+profile_traits", "dim_members", "unified_memberships"
    )
    assert built.code == 0, built.out
    return made


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_model_that_exists_already_gives_people_by_its_properties_file(club: Project) -> None:
    assert rows(
        club,
        "select record_id, email, first_name, last_name, club, source, one_record_per_person "
        "from unified.unified_people where source = 'marts' order by 1",
    ) == [
        ("1", "ada@example.org", "Ada", None, "north", "marts", True),
        ("2", "bo@example.org", "Bo", None, "south", "marts", True),
    ]


def test_an_entity_of_the_project_has_a_unified_model_with_its_types(club: Project) -> None:
    columns = "membership_id, record_id, cast(monthly_fee as varchar), ended_on, source"
    assert rows(club, f"select {columns} from unified.unified_memberships order by 1") == [
        ("m1", "1", "19.90", None, "club_desk"),
        ("m2", "2", "19.90", None, "club_desk"),
    ]


def test_a_trait_group_of_the_project_is_in_profile_traits(club: Project) -> None:
    people = dict(
        rows(
            club,
            "select count_memberships, count(*) from profiles.profile_traits group by 1",
        )
    )
    assert people[1] == 2
    assert people[0] > 300


def build_with(club: Project, tmp_path: Path, sql: str) -> tuple[int, str]:
    project = club.copy(tmp_path / "project")
    (project.root / TRAITS).write_text(sql, encoding="utf-8")
    before = rows(project, "select * from profiles.profile_traits order by profile_id")
    ran = project.dbt("run", "--select", "member_traits", "profile_traits")
    assert rows(project, "select * from profiles.profile_traits order by profile_id") == before
    return ran.code, " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (
            FILES[TRAITS] + " union all " + FILES[TRAITS],
            "The trait group member_traits has two rows for one profile_id. Group by profile_id in "
            f"{TRAITS}.",
        ),
        (
            "select cast(null as varchar) as profile_id, 1 as count_memberships, 1 as highest_fee",
            f"The trait group member_traits has a row without a profile_id. Leave out such rows in {TRAITS}.",
        ),
        (
            "select 'a' as profile_id, 1 as count_memberships",
            "The trait group member_traits has no column highest_fee, which its properties file lists. "
            "Select it in "
            f"{TRAITS}, or remove it there.",
        ),
    ],
    ids=["two rows a person", "no profile_id", "no such column"],
)
def test_a_group_that_would_break_profile_traits_is_named_and_the_last_good_one_stands(
    club: Project, tmp_path: Path, sql: str, says: str
) -> None:
    code, out = build_with(club, tmp_path, sql)
    assert code != 0
    assert says in out
