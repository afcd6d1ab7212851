"""The materialization `segment` on a real warehouse: what is published, and what the log says."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project
from tests.end_to_end.segment_project import log, make_project, members, rows, set_people, set_segment

EVERYBODY = "select profile_id from {{ ref('profiles') }}"
ANA = EVERYBODY + " where profile_id = 'ana'"


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("segments") / "project"
    project = make_project(root, ["ana", "bo", "cy"], {"everybody": EVERYBODY, "few": ANA})
    assert project.dbt("build").code == 0
    return project


@pytest.fixture
def built(built_once: Project, tmp_path: Path) -> Project:
    return built_once.copy(tmp_path / "project")


def test_the_log_has_each_entry_and_exit_and_nothing_else(built: Project) -> None:
    entered = [("everybody", person, "entered") for person in ("ana", "bo", "cy")]
    assert sorted(log(built)) == sorted([*entered, ("few", "ana", "entered")])

    before = log(built)
    assert built.dbt("build").code == 0
    assert built.dbt("build", "--full-refresh").code == 0
    assert log(built) == before, "nothing changed, so nothing is logged"

    # bo and cy turn out to be one person; dee is new.
    set_people(built, ["ana", "bo", "dee"])
    set_segment(built, "few", EVERYBODY + " where profile_id <> 'ana';\n")
    assert built.dbt("build").code == 0
    assert members(built, "few") == ["bo", "dee"]
    assert sorted(log(built)[len(before) :]) == [
        ("everybody", "cy", "exited"),
        ("everybody", "dee", "entered"),
        ("few", "ana", "exited"),
        ("few", "bo", "entered"),
        ("few", "dee", "entered"),
    ]


def test_a_lost_table_is_made_again_and_a_removed_segment_has_no_members(built: Project) -> None:
    before = log(built)
    with duckdb.connect(str(built.warehouse)) as connection:
        connection.execute("drop table segments.everybody")
        connection.execute("drop table segments.few; create view segments.few as select 'ana' as profile_id")
    assert built.dbt("build").code == 0
    assert members(built, "everybody") == ["ana", "bo", "cy"]
    assert members(built, "few") == ["ana"]
    assert log(built) == before

    (built.root / "models/segments/everybody.sql").unlink()
    assert built.dbt("build").code == 0
    assert rows(built, "select distinct segment from segments.segment_members") == [("few",)]
    assert log(built) == before

    set_segment(built, "everybody", ANA)
    assert built.dbt("build").code == 0
    assert sorted(log(built)[len(before) :]) == [("everybody", "bo", "exited"), ("everybody", "cy", "exited")]


def test_events_carry_the_warehouses_clock_and_dbts_run(built: Project) -> None:
    with duckdb.connect(str(built.warehouse)) as connection:
        connection.execute("insert into cdp.clock values (timestamp '2031-02-03 04:05:06')")
    set_segment(built, "few", EVERYBODY + " where profile_id = 'bo'")
    assert built.dbt("build").code == 0
    late = rows(
        built,
        "select strftime(occurred_at, '%Y-%m-%d %H:%M'), count(distinct run_id), count(*)"
        " from segments.segment_events where year(occurred_at) = 2031 group by 1",
    )
    assert late == [("2031-02-03 04:05", 1, 2)]


def test_many_segments_share_the_log_and_run_at_once(tmp_path: Path) -> None:
    people = [f"p{number:05}" for number in range(2000)]
    segments = {
        f"part_{part:02}": EVERYBODY + f" where substr(profile_id, 6, 1) = '{part % 10}'"
        for part in range(24)
    }
    project = make_project(tmp_path / "project", people, segments)
    ran = project.dbt("build", "--threads", "4")
    assert ran.code == 0, ran.out
    assert rows(project, "select count(*), count(distinct segment) from segments.segment_events") == [
        (4800, 24)
    ]
    assert {len(members(project, segment)) for segment in segments} == {200}


def test_no_hook_of_a_segment_is_run(built: Project) -> None:
    hook = (
        "{{ config(pre_hook='create table main.made_by_hook (x int)', post_hook='drop table main.people') }}"
    )
    set_segment(built, "few", hook + EVERYBODY)
    assert built.dbt("build", "--select", "few").code == 0
    tables = rows(built, "select table_name from information_schema.tables where table_schema = 'main'")
    assert [name for (name,) in tables if name in ("made_by_hook", "people")] == ["people"]
