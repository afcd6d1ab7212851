"""A project with segments and next to nothing else, so that a build of it takes seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import BARE_PARTS, Project, copy_project

ENGINE_PARTS = [
    "macros",
    "dbt_project.yml",
    "models/_operations.yml",
    "models/insights/segment_members.sql",
    "models/insights/segment_members.yml",
]


def make_project(root: Path, people: Sequence[str], segments: Mapping[str, str]) -> Project:
    """A project whose profiles are `people` and whose segments are `segments` (name to SQL)."""
    project = copy_project(root, BARE_PARTS, ENGINE_PARTS)
    for folder in (project.engine / "models/profiles", root / "models/segments"):
        folder.mkdir(parents=True)
    (project.engine / "models/profiles/profiles.sql").write_text(
        "select profile_id, cast(null as varchar) as email from main.people", encoding="utf-8"
    )
    set_people(project, people)
    for name, sql in segments.items():
        set_segment(project, name, sql)
    return project


def set_people(project: Project, people: Sequence[str]) -> None:
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("create or replace table main.people (profile_id varchar)")
        connection.executemany("insert into main.people values (?)", [[person] for person in people])


def set_segment(project: Project, name: str, sql: str) -> None:
    (project.root / f"models/segments/{name}.sql").write_text(sql, encoding="utf-8")


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def members(project: Project, segment: str) -> list[str]:
    return [row[0] for row in rows(project, f"select profile_id from segments.{segment} order by 1")]


def log(project: Project) -> list[tuple[str, str, str]]:
    """All events as (segment, profile_id, event), the runs in their order."""
    return [
        (row[0], row[1], row[2])
        for row in rows(
            project, "select segment, profile_id, event from segments.segment_events order by rowid"
        )
    ]
