"""Broken segments: each fails alone, says why, and leaves its last good table and the log as they were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Project, Ran
from tests.end_to_end.segment_project import log, make_project, members, rows, set_segment

PEOPLE = ["ana", "bo", "cy"]
GOOD = "select profile_id from {{ ref('profiles') }} where profile_id <> 'cy'"
PROFILES = "select profile_id from {{ ref('profiles') }}"
NOT_PUBLISHED = "was not published: {}. Correct its SELECT. The last good audience stands."


@dataclass(frozen=True)
class Case:
    name: str
    sql: str
    sentence: str


CASES = [
    Case(
        "a_null_profile_id",
        PROFILES + " union all select null",
        "Segment 'a_null_profile_id' " + NOT_PUBLISHED.format("1 row without a profile_id"),
    ),
    Case(
        "a_profile_twice",
        PROFILES + " union all select 'ana'",
        "Segment 'a_profile_twice' "
        + NOT_PUBLISHED.format("2 rows with a profile_id that stands more than once"),
    ),
    Case(
        "an_unknown_profile",
        PROFILES + " union all select 'nobody'",
        "Segment 'an_unknown_profile' "
        + NOT_PUBLISHED.format("1 row with a profile_id that is not in profiles"),
    ),
    Case(
        "all_three_at_once",
        PROFILES + " union all select 'bo' union all select 'no' union all select null union all select null",
        "Segment 'all_three_at_once' "
        + NOT_PUBLISHED.format(
            "2 rows without a profile_id, 2 rows with a profile_id that stands more than once, "
            "1 row with a profile_id that is not in profiles"
        ),
    ),
    Case(
        "no_profile_id",
        "select email from {{ ref('profiles') }}",
        "Segment 'no_profile_id' has no column profile_id; it selects: email. Select profile_id. "
        "The last good audience stands.",
    ),
    Case(
        "too_many_columns",
        "select profile_id, email from {{ ref('profiles') }}",
        "Segment 'too_many_columns' selects more than profile_id: profile_id, email. "
        "Select profile_id alone, and take the rest from profiles or profile_traits in the activation model. "
        "The last good audience stands.",
    ),
    Case("a_slip_of_the_pen", "selct profile_id from {{ ref('profiles') }}", "syntax error at or near"),
    Case("a_missing_column", PROFILES + " where shoe_size > 40", 'Referenced column "shoe_size" not found'),
    Case(
        "an_error_in_the_data",
        PROFILES + " where cast(profile_id as integer) > 1",
        "Could not convert string 'ana' to INT32",
    ),
    Case(
        "an_insert_in_a_with",
        "with a as (insert into main.people values ('eve') returning profile_id) select profile_id from a",
        "WITH clause containing a data-modifying statement must be at the top level",
    ),
]


@dataclass(frozen=True)
class Broken:
    project: Project
    ran: Ran
    log_before: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """All segments good and built once; then all but one broken, and built again."""
    names = [case.name for case in CASES]
    project = make_project(
        tmp_path_factory.mktemp("broken") / "project", PEOPLE, dict.fromkeys([*names, "sound"], GOOD)
    )
    first = project.dbt("build")
    assert first.code == 0, first.out
    log_before = log(project)
    for case in CASES:
        set_segment(project, case.name, case.sql)
    set_segment(project, "sound", PROFILES)
    set_segment(project, "downstream", "select profile_id from {{ ref('a_null_profile_id') }}")
    return Broken(project, project.dbt("build"), log_before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_segment_says_why_and_its_last_good_table_stands(broken: Broken, case: Case) -> None:
    said = " ".join(broken.ran.out.split())
    assert f"ERROR creating sql segment model segments.{case.name}" in said
    assert case.sentence in said
    assert members(broken.project, case.name) == ["ana", "bo"]


def test_the_others_succeed_and_the_log_has_only_their_changes(broken: Broken) -> None:
    assert broken.ran.code == 1
    assert members(broken.project, "sound") == PEOPLE
    assert log(broken.project) == [*broken.log_before, ("sound", "cy", "entered")]
    assert "SKIP relation segments.downstream" in broken.ran.out


def test_no_half_built_table_is_left(broken: Broken) -> None:
    known = {*(case.name for case in CASES), "sound", "segment_events", "segment_members"}
    found = rows(
        broken.project, "select table_name from information_schema.tables where table_schema = 'segments'"
    )
    assert {name for (name,) in found} == known


def test_a_segment_of_an_unknown_model_stops_the_build_before_anything_is_touched(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", PEOPLE, {"sound": GOOD})
    assert project.dbt("build").code == 0
    before = log(project)
    set_segment(project, "lost", "select profile_id from {{ ref('profile_trait') }}")
    ran = project.dbt("build")
    assert ran.code == 2
    assert "depends on a node named 'profile_trait' which was not found" in ran.out
    assert (members(project, "sound"), log(project)) == (["ana", "bo"], before)


def test_cdp_run_says_the_same_sentence_and_exits_with_6(broken: Broken, tmp_path: Path) -> None:
    ran = broken.project.copy(tmp_path / "project").cdp("run", "--json")
    assert ran.code == 6, ran.err
    failures = {failure["name"]: failure["message"] for failure in ran.json["build"]["failures"]}
    assert failures["a_null_profile_id"] == CASES[0].sentence
    assert ran.json["build"]["skipped"] == ["downstream"]
