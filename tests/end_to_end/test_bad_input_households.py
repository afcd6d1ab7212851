"""Bad input to households: each case has its sentence and its exit code, and nobody's household changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project, copy_project


@dataclass(frozen=True)
class Case:
    """`sql` spoils the warehouse before the command, `setting` is a var of dbt_project.yml."""

    id: str
    arguments: str
    says: str
    code: int
    sql: str = ""
    setting: str = ""


CASES = [
    Case(
        "a person whom nobody knows",
        "identity households nobody@nowhere.example",
        "No profile is known by that id, e-mail or phone. Check it, give a phone with its country's prefix "
        "(+44...), or build again if the person is new.",
        3,
    ),
    Case(
        "a household that is no more",
        "identity households h_gone",
        "Nobody lives in the household 'h_gone' any more. Its history is in identity.household_assignments.",
        3,
        sql="insert into identity.household_assignments values "
        "('p_gone', 'h_gone', 'run', timestamp '2020-01-01', 'minted'), "
        "('p_gone', null, 'next', timestamp '2020-01-02', 'left')",
    ),
    Case(
        "an e-mail that two people have",
        "identity households both@nowhere.example",
        "2 profiles have this email. Name a profile by its id; `cdp profile show` lists them.",
        3,
        sql="insert into profiles.profile_identifiers by name "
        "select profile_id, 'email' as identifier_type, 'both@nowhere.example' as identifier_value "
        "from profiles.profiles order by profile_id limit 2",
    ),
    Case("a list of no rows", "identity households --limit 0", "0 is not in the range x>=1.", 2),
    Case(
        "no households yet",
        "identity households",
        "The warehouse has no table identity.household_map. Run `dbt build` first.",
        6,
        sql="drop view identity.household_map",
    ),
    Case(
        "a limit of a household that is no number",
        "run",
        "The dbt var household_max_people is 'ten', which is no number of people. Correct it in "
        "dbt_project.yml: 10 is the default.",
        6,
        setting="household_max_people: ten",
    ),
    Case(
        "a limit of a building that is no number",
        "run",
        "The dbt var household_building_people is '0', which is no number of people. Correct it in "
        "dbt_project.yml: 20 is the default.",
        6,
        setting="household_building_people: '0'",
    ),
]


def households_of(project: Project) -> list[object]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return [
            connection.execute(f"select * from {table} order by all").fetchall()
            for table in ("identity.household_assignments", "profiles.profiles")
        ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_it_is_refused_in_a_sentence_and_nobody_moves(demo: Project, case: Case) -> None:
    if case.sql:
        with duckdb.connect(str(demo.warehouse)) as connection:
            connection.execute(case.sql)
    if case.setting:
        path = demo.root / "dbt_project.yml"
        text = path.read_text(encoding="utf-8")
        assert "\nvars:\n" in text
        path.write_text(text.replace("\nvars:\n", f"\nvars:\n  {case.setting}\n"), encoding="utf-8")
    before = households_of(demo)
    ran = demo.cdp(*case.arguments.split(), KLAVIYO_API_KEY="demo")
    assert ran.code == case.code, ran.err
    assert case.says in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert households_of(demo) == before


def test_there_are_no_households_before_a_build(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    with duckdb.connect(str(project.warehouse)):
        pass
    ran = project.cdp("identity", "households")
    assert ran.code == 6
    assert "The warehouse has no table identity.household_map. Run `dbt build` first." in ran.err
