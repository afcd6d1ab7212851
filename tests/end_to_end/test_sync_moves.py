"""A sync that is renamed, disappears or leads elsewhere: what its old place has is neither lost nor left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdp_cli.receiver import Receiver
from tests.conftest import Project

from .sync_project import PEOPLE, SYNC, build_sync_project

OLD, NEW = "webhook__people", "webhook__persons"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def project(tmp_path: Path, receiver: Receiver) -> Project:
    built = build_sync_project(
        tmp_path / "project", {OLD: SYNC.format(connection="crm_webhook", object="people")}
    )
    assert sync(built, receiver).code == 0
    assert len(held(receiver)) == len(PEOPLE)
    return built


def sync(project: Project, receiver: Receiver, *arguments: str) -> Any:
    return project.cdp("sync", *arguments, **receiver.environment)


def held(receiver: Receiver, thing: str = "people") -> dict[str, Any]:
    return receiver.state().get("crm", {}).get(thing, {})


def rewrite(project: Project, name: str, thing: str = "people") -> None:
    """Make this the project's only sync."""
    folder = project.root / "models" / "activation"
    for path in folder.glob("*.sql"):
        path.unlink()
    (folder / f"{name}.sql").write_text(SYNC.format(connection="crm_webhook", object=thing), encoding="utf-8")
    assert project.dbt("build").code == 0


def test_another_object_waits_for_a_person_who_has_the_old_one_emptied(
    project: Project, receiver: Receiver
) -> None:
    rewrite(project, OLD, "friends")
    stopped = sync(project, receiver)
    assert stopped.code == 8, stopped.err
    assert "leads elsewhere than before (object was people, is friends)" in stopped.err
    assert held(receiver, "friends") == {}

    moved = sync(project, receiver, OLD, "--destination-changed", "remove")
    assert moved.code == 0, moved.err
    assert held(receiver) == {}
    assert len(held(receiver, "friends")) == len(PEOPLE)


def test_a_sync_that_is_gone_says_what_it_left_and_retires(project: Project, receiver: Receiver) -> None:
    rewrite(project, "webhook__others", "others")
    ran = sync(project, receiver)
    assert ran.code == 0, ran.err
    assert f"{OLD} is gone from the project, and its destination still has 40 rows" in " ".join(
        ran.err.split()
    )
    assert len(held(receiver)) == len(PEOPLE)

    retired = sync(project, receiver, "retire", OLD)
    assert retired.code == 0, retired.err
    assert "40 rows were removed there, 0 are left." in retired.out
    assert held(receiver) == {}
    assert len(held(receiver, "others")) == len(PEOPLE)
    assert "is gone from the project" not in sync(project, receiver).err


def test_a_renamed_sync_takes_its_ledger_over(project: Project, receiver: Receiver) -> None:
    rewrite(project, NEW)
    stopped = sync(project, receiver)
    assert stopped.code == 8, stopped.err
    assert f"{OLD}, which is gone from the project, left 40 rows at the same place" in " ".join(
        stopped.err.split()
    )
    taken = sync(project, receiver, NEW, "--take-over", OLD, "--json")
    assert taken.code == 0, taken.err
    [result] = taken.json["syncs"]
    assert (result["unchanged"], result["requests"]) == (40, 0)


def test_what_a_retired_sync_cannot_reach_stays_in_its_ledger(project: Project, receiver: Receiver) -> None:
    rewrite(project, "webhook__others", "others")
    receiver.fail(kind="status", status=401)
    failed = project.cdp("sync", "retire", OLD, **receiver.environment)
    assert failed.code == 7, failed.err
    assert "0 rows were removed there, 40 are left." in failed.out


def test_a_sync_of_the_project_is_not_retired(project: Project, receiver: Receiver) -> None:
    ran = sync(project, receiver, "retire", OLD)
    assert ran.code == 4, ran.err
    assert f"The sync {OLD} is in the project." in ran.err
    assert len(held(receiver)) == len(PEOPLE)
