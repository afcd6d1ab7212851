"""Bad input to those who decide, explain and review: one sentence each, and no decision is lost or made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project, copy_project

WHY = "--why seen"


@dataclass(frozen=True)
class Case:
    """`sql` changes the warehouse of a built project first. PROFILE is a profile of it, RECORD and OTHER are
    two of its records, and STRANGER is a record of another."""

    id: str
    arguments: str
    says: str
    code: int = 3
    sql: str = ""


UNDO_LIST = "Run `cdp identity undo` without arguments: it lists what can be undone."
GONE = """
    insert into identity.identity_assignments (record_id, profile_id, run_id, assigned_at, reason) values
    ('crm_contact:gone', 'p_gone', 'first', timestamp '2026-01-01', 'minted'),
    ('crm_contact:gone', null, 'second', timestamp '2026-01-02', 'removed')
"""
DECIDED = """
    insert into cdp.identity_decisions
    (decision_id, left_record_id, right_record_id, decision, decided_by, decided_at, reason) values
    ('d1', 'RECORD', 'OTHER', 'same', 'bo', timestamp '2026-01-01', 'one passport')
"""
UNDONE = """
    insert into cdp.identity_decisions
    (decision_id, left_record_id, right_record_id, decision, decided_by, decided_at, reason) values
    ('d2', 'RECORD', 'OTHER', 'undone', 'cy', timestamp '2026-01-02', 'mistake')
"""

CASES = [
    Case(
        "explaining a record that nobody knows",
        "explain nobody:1 RECORD",
        "No profile is known by that id, e-mail or phone. Check it, give a phone with its country's prefix "
        "(+44...), or build again if the person is new.",
    ),
    Case(
        "explaining a record that is gone",
        "explain crm_contact:gone RECORD",
        "The record 'crm_contact:gone' is gone from its source since 2026-01-02. "
        "Its history is in identity.identity_assignments.",
        sql=GONE,
    ),
    Case(
        "explaining a profile that is gone",
        "explain p_gone RECORD",
        "All records of the profile 'p_gone' are gone from their sources. "
        "Its history is in identity.identity_assignments.",
        sql=GONE,
    ),
    Case(
        "explaining a record with itself",
        "explain RECORD RECORD",
        "Both are the same record. Name two records, or one of another profile.",
    ),
    Case(
        "a picture in a folder that is not there",
        "explain RECORD OTHER --html nowhere/two.html",
        "nowhere/two.html cannot be written. Name a file in a folder that is there.",
    ),
    Case(
        "explaining by a model that is missing",
        "explain RECORD OTHER",
        "identity_models has no model MODEL, which scored the pairs. Run `dbt build`: it scores them again.",
        6,
        "delete from identity.identity_models",
    ),
    Case(
        "reviewing without a model",
        "review",
        "identity_models has no model. Run `dbt build`: it scores them again.",
        6,
        "delete from identity.identity_models",
    ),
    Case(
        "undoing what nobody decided",
        f"undo RECORD OTHER {WHY}",
        f"Nobody decided anything about RECORD and OTHER. {UNDO_LIST}",
    ),
    Case(
        "undoing a decision that there is not",
        f"undo d7 {WHY}",
        f"identity_decisions has no decision 'd7'. {UNDO_LIST}",
    ),
    Case(
        "undoing twice",
        f"undo RECORD OTHER {WHY}",
        "That decision is undone already, by cy on 2026-01-02. "
        "Nothing is left to undo; decide anew with `cdp identity decide`.",
        sql=f"{DECIDED}; {UNDONE}",
    ),
    Case(
        "undoing without a reason",
        "undo RECORD OTHER",
        "--why is empty. Give the reason: it is what the next person reads.",
        sql=DECIDED,
    ),
    Case(
        "undoing more than a pair",
        f"undo RECORD OTHER STRANGER {WHY}",
        "Name two records, or one decision by its id.",
        2,
    ),
    Case(
        "splitting off a record of another profile",
        f"split PROFILE STRANGER {WHY}",
        "The profile PROFILE has no record 'STRANGER'. Take record ids as `cdp profile show` lists them.",
    ),
    Case(
        "splitting off all records",
        f"split PROFILE ALL {WHY}",
        "Those are all records of the profile PROFILE: nothing would stay. "
        "Name the records of the one person who is to leave.",
    ),
    Case(
        "splitting a profile that nobody knows",
        f"split p_nobody RECORD {WHY}",
        "No profile is known by that id, e-mail or phone. Check it, give a phone with its country's prefix "
        "(+44...), or build again if the person is new.",
    ),
]


@pytest.fixture(scope="module")
def names(built_demo: Project) -> dict[str, str]:
    """What stands for the capital words of a case."""
    with duckdb.connect(str(built_demo.warehouse), read_only=True) as connection:
        profile, records = connection.execute(
            "select profile_id, list(record_id order by record_id) as records from identity.identity_map "
            "group by profile_id having len(records) = 3 order by profile_id limit 1"
        ).fetchall()[0]
        stranger = connection.execute(
            "select min(record_id) from identity.identity_map where profile_id <> ?", [profile]
        ).fetchall()[0][0]
        model = connection.execute("select version from identity.identity_models").fetchall()[0][0]
    return {
        "PROFILE": profile,
        "RECORD": records[0],
        "OTHER": records[1],
        "ALL": " ".join(records),
        "STRANGER": stranger,
        "MODEL": model,
    }


def filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def decisions(project: Project) -> list[tuple[object, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        found: list[tuple[object, ...]] = connection.execute(
            "select * from cdp.identity_decisions order by decision_id"
        ).fetchall()
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_it_is_refused_in_a_sentence_and_no_decision_is_lost(
    demo: Project, names: dict[str, str], case: Case
) -> None:
    if case.sql:
        with duckdb.connect(str(demo.warehouse)) as connection:
            connection.execute(filled(case.sql, names))
    before = decisions(demo)
    ran = demo.cdp("identity", *filled(case.arguments, names).split())
    assert ran.code == case.code, ran.err
    assert filled(case.says, names) in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert decisions(demo) == before


@pytest.mark.parametrize(
    ("arguments", "table"),
    [
        ("explain a b", "identity_map"),
        (f"split p_a b {WHY}", "identity_map"),
        (f"undo a b {WHY}", "identity_map"),
        ("review", "identity_review"),
        ("review --progress", "identity_review"),
        ("decide a b --same --why x", "identity_records"),
    ],
)
def test_before_the_first_build_there_is_nothing_to_decide(
    tmp_path: Path, arguments: str, table: str
) -> None:
    project = copy_project(tmp_path / "project")
    with duckdb.connect(str(project.warehouse)):
        pass
    ran = project.cdp("identity", *arguments.split())
    assert ran.code == 6
    assert f"The warehouse has no table identity.{table}. Run `dbt build` first." in ran.err


def test_a_retired_profile_is_split_where_it_went_and_that_is_said(
    demo: Project, names: dict[str, str]
) -> None:
    with duckdb.connect(str(demo.warehouse)) as connection:
        connection.execute(
            "insert into identity.profile_aliases (retired_profile_id, profile_id) values ('p_old', ?)",
            [names["PROFILE"]],
        )
    ran = demo.cdp("identity", "split", "p_old", names["RECORD"], "--why", "two people")
    assert ran.code == 0, ran.err
    assert f"p_old is retired; it is now {names['PROFILE']}." in ran.err
    assert len(decisions(demo)) == 2


def test_a_build_without_its_model_trains_anew_and_keeps_every_id(demo: Project) -> None:
    query = "select record_id, profile_id from identity.identity_map order by 1"
    with duckdb.connect(str(demo.warehouse)) as connection:
        before = connection.execute(query).fetchall()
        connection.execute("delete from identity.identity_models")
    ran = demo.dbt("build", "--select", "cdp.identity", "--exclude", "test_type:singular")
    assert ran.code == 0, ran.out
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from identity.identity_models").fetchall() == [(1,)]
        assert connection.execute(query).fetchall() == before
