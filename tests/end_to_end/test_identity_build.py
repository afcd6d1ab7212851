"""Identity inside the build: a second one is incremental, decisions take effect, ids live on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Project

# Singular tests hold identity to the profiles, which these builds leave as they are.
IDENTITY = ("build", "--select", "cdp.identity", "--exclude", "test_type:singular")


@pytest.fixture(scope="module")
def built(built_demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built_demo.copy(tmp_path_factory.mktemp("identity") / "project")


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def one(project: Project, sql: str) -> Any:
    return rows(project, sql)[0][0]


def build(project: Project) -> None:
    ran = project.dbt(*IDENTITY)
    assert ran.code == 0, ran.out


def profile_of(project: Project, record_id: str) -> str:
    return str(one(project, f"select profile_id from identity.identity_map where record_id = '{record_id}'"))


def two_waiting(project: Project) -> tuple[str, str]:
    # Two records alone: of larger profiles some records may rather stay behind.
    found = rows(
        project,
        "select left_record_id, right_record_id from identity.identity_review "
        "where reason like 'the score%' and count_records = 2 order by consequence desc, 1, 2",
    )
    return found[0][0], found[0][1]


def test_the_demo_is_resolved_well(built: Project) -> None:
    ran = built.cdp("identity", "evaluate", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["clusters"]["f1"] >= 0.9
    assert ran.json["clusters"]["precision"] >= 0.97
    assert set(ran.json) >= {"pairs", "clusters", "records", "people", "seconds", "peak_memory_mb"}


def test_a_second_build_scores_and_assigns_nothing(built: Project) -> None:
    counts = (
        "select (select count(*) from identity.identity_pairs), "
        "(select count(*) from identity.identity_assignments)"
    )
    log = "select count(*) from identity.identity_record_log"
    before = rows(built, counts), one(built, log)
    build(built)
    assert (rows(built, counts), one(built, log)) == before


def test_a_decision_joins_two_profiles_and_another_parts_them_again(built: Project) -> None:
    left, right = two_waiting(built)
    older = {profile_of(built, left), profile_of(built, right)}
    pairs = one(built, "select count(*) from identity.identity_pairs")

    assert built.cdp("identity", "decide", left, right, "--same", "--why", "one passport").code == 0
    build(built)
    joined = profile_of(built, left)
    assert profile_of(built, right) == joined
    assert joined in older
    (gone,) = older - {joined}
    assert rows(built, "select retired_profile_id, profile_id from identity.profile_aliases") == [
        (gone, joined)
    ]
    merged = (
        "select profile_id, other_profile_id, linked_by from identity.identity_events where event = 'merged'"
    )
    assert rows(built, merged) == [(gone, joined, "decision")]

    assert built.cdp("identity", "decide", left, right, "--different", "--why", "twins").code == 0
    build(built)
    assert profile_of(built, left) != profile_of(built, right)
    assert gone not in {profile_of(built, left), profile_of(built, right)}
    assert one(built, "select count(*) from identity.identity_events where event = 'split'") == 1
    assert one(built, "select count(*) from identity.identity_pairs") == pairs


def test_a_full_refresh_keeps_every_id(built: Project) -> None:
    before = rows(built, "select * from identity.identity_map order by 1")
    ran = built.dbt(*IDENTITY, "--full-refresh")
    assert ran.code == 0, ran.out
    assert rows(built, "select * from identity.identity_map order by 1") == before


def test_changed_records_are_scored_and_no_others(demo: Project) -> None:
    with duckdb.connect(str(demo.warehouse)) as connection:
        contact = connection.execute("select min(contact_id) from crm.contacts").fetchall()[0][0]
        connection.execute(
            "update crm.contacts set email = 'a.new.one@example.com' where contact_id = ?", [contact]
        )
        last = connection.execute("select max(scored_at) from identity.identity_pairs").fetchall()[0][0]
    ran = demo.dbt("build", "--select", "+identity_review", "--exclude", "test_type:singular")
    assert ran.code == 0, ran.out
    record = f"crm_contact:{contact}"
    scored = rows(
        demo,
        f"select left_record_id, right_record_id from identity.identity_pairs where scored_at > '{last}'",
    )
    assert scored
    assert all(record in pair for pair in scored)
    in_force = rows(
        demo,
        "select count(*), count(*) filter (where scored_at > timestamp '" + str(last) + "') "
        f"from identity.identity_current_pairs where '{record}' in (left_record_id, right_record_id)",
    )[0]
    assert in_force[0] == in_force[1]


def test_labelled_records_are_resolved_from_a_file(built: Project, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'r' || n as record_id, 'file' as source, 'Ann' || n // 2 as first_name, "
            "'a' || n // 2 || '@example.com' as email, n // 2 as person_id from range(20) as t(n)) "
            f"to '{tmp_path}/people.parquet' (format parquet)"
        )
    out = tmp_path / "profiles.parquet"
    ran = built.cdp(
        "identity", "evaluate", "--records", tmp_path / "people.parquet", "--profiles-out", out, "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.json["clusters"]["f1"] == 1.0
    assert (ran.json["records"], ran.json["people"]) == (20, 10)
    with duckdb.connect() as connection:
        written = connection.execute(f"select count(*), count(distinct profile_id) from '{out}'").fetchall()
    assert written == [(20, 10)]
