"""A build that would change many people stops and is accepted, and a new model does what its report says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb
import pytest

from tests.conftest import Project
from tests.end_to_end.test_bad_input_identity import MIXED_UP

pytestmark = pytest.mark.deep

IDENTITY = (
    "build",
    "--select",
    "+identity_events",
    "--exclude",
    "resource_type:test",
    "resource_type:unit_test",
)


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def the_map(project: Project) -> list[tuple[Any, ...]]:
    return rows(project, "select record_id, profile_id from identity.identity_map order by 1")


def last_events(project: Project) -> Counter[str]:
    return Counter(
        event
        for (event,) in rows(
            project,
            "select event from identity.identity_events "
            "where occurred_at = (select max(assigned_at) from identity.identity_assignments)",
        )
    )


def test_a_build_that_mixes_people_up_stops_until_a_person_accepts_it(demo: Project) -> None:
    before = the_map(demo)
    with duckdb.connect(str(demo.warehouse)) as connection:
        connection.execute(MIXED_UP)
    for _ in range(2):
        # It stops each time: nothing of the first attempt counts as done.
        stopped = demo.dbt(*IDENTITY)
        assert stopped.code == 1
        assert "This build would merge" in stopped.out
        assert the_map(demo) == before
    accepted = demo.cdp("run", "--accept-identity-change", "--json", KLAVIYO_API_KEY="demo")
    assert accepted.json["build"]["failures"] == []
    assert the_map(demo) != before
    changed = last_events(demo)
    profiles = {profile for _, profile in before}
    assert changed["merged"] + changed["split"] + changed["moved"] > 0.05 * len(profiles)
    # Once accepted it is the present, and the next build has nothing to ask.
    assert demo.dbt(*IDENTITY).code == 0


def test_a_new_model_changes_what_its_report_says_and_ids_stay(demo: Project) -> None:
    assert demo.cdp("demo", "--advance", "30").code == 0
    assert demo.dbt(*IDENTITY).code == 0
    before = the_map(demo)
    ran = demo.cdp("identity", "train", "--accept", "--json")
    assert ran.code == 0, ran.err
    report, people = ran.json, ran.json["people"]
    assert report["version"] != report["pinned_version"]
    assert people["profiles"] == len({profile for _, profile in before})
    assert people["moved_records"]
    # Nothing happens before the next build.
    assert the_map(demo) == before

    assert demo.dbt(*IDENTITY).code == 0
    after = the_map(demo)
    assert len({profile for _, profile in after}) == people["profiles_after"]
    assert len(set(after) - set(before)) == people["moved_records"]
    assert rows(demo, "select distinct split_part(version, '-', 1) from identity.identity_current_pairs") == [
        (report["version"],)
    ]
    merged = {profile for _, profile in before} - {profile for _, profile in after}
    assert len(merged) == people["merged"]

    audit = demo.cdp("identity", "audit", "--json").json
    assert audit["profiles"] == people["profiles_after"]
    assert audit["profiles_before"] == people["profiles"]
    assert {merge["retired_profile_id"] for merge in audit["merges"]} == merged
    assert audit["unconnected"] == 0
