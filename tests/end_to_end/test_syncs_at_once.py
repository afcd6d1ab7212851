"""Six syncs at once over one warehouse: nothing fails, and a slow or damaged one is so alone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from cdp_cli.receiver import Receiver
from tests.conftest import Project
from tests.end_to_end.sync_project import PEOPLE, SYNC, build_sync_project

OBJECTS = {
    "a_slow__people": ("slow_webhook", "people"),
    "b_crm__people": ("crm_webhook", "people"),
    "c_klaviyo__profiles": ("newsletter", "profiles"),
    "d_klaviyo__vip": ("newsletter", "vip_list"),
    "e_klaviyo__winback": ("newsletter", "winback_list"),
    "f_files__people": ("exports", "people"),
}
SLOW = "/slow"
BATCHES = 8


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    syncs = {
        name: SYNC.format(connection=connection, object=thing).replace(
            "mirror", "audience" if thing.endswith("_list") else "mirror"
        )
        for name, (connection, thing) in OBJECTS.items()
    }
    made = build_sync_project(tmp_path_factory.mktemp("at_once") / "project", syncs)
    connections = made.root / "connections.yml"
    entries = yaml.safe_load(connections.read_text(encoding="utf-8"))
    crm = entries["connections"]["crm_webhook"] | {"rows": len(PEOPLE) // BATCHES, "concurrency": 1}
    slow = crm | {"base_url": crm["base_url"].replace("/webhook/crm", "/webhook/slow")}
    entries["connections"] |= {"crm_webhook": crm, "slow_webhook": slow}
    connections.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return made


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    return built.copy(tmp_path / "project")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def sync(project: Project, receiver: Receiver) -> dict[str, dict[str, Any]]:
    ran = project.cdp("sync", "--json", **receiver.environment)
    results = ran.json["syncs"]
    assert [result["name"] for result in results] == sorted(OBJECTS), ran.err
    return {result["name"]: result for result in results}


def query(project: Project, sql: str) -> list[Any]:
    with duckdb.connect(str(project.warehouse)) as connection:
        return connection.execute(sql).fetchall()


def test_nothing_fails_and_everything_is_published(project: Project, receiver: Receiver) -> None:
    for turn in range(3):
        results = sync(project, receiver)
        assert {r["status"] for r in results.values()} == {"succeeded"}, [
            r["error"] for r in results.values()
        ]
        assert all(r["published"] for r in results.values())
        done = {(r["added"], r["removed"]) for r in results.values()}
        assert done == ({(len(PEOPLE), 0)} if turn == 0 else {(0, 3)})
        runs = query(project, "select sync, count(*) from cdp.sync_runs group by sync")
        assert dict(runs) == dict.fromkeys(OBJECTS, turn + 1)
        for name in OBJECTS:
            query(project, f"delete from activation.{name} where profile_id like 'p{turn + 1}_' "
                           f"and profile_id <= 'p{turn + 1}2'")  # fmt: skip


def test_a_slow_destination_delays_no_other(project: Project, receiver: Receiver) -> None:
    receiver.fail(kind="slow", path=SLOW, seconds=0.7)
    results = sync(project, receiver)
    assert {r["status"] for r in results.values()} == {"succeeded"}, [r["error"] for r in results.values()]
    ended = dict(query(project, "select sync, ended_at from cdp.sync_runs"))
    assert max(ended, key=lambda name: ended[name]) == "a_slow__people"
    assert results["a_slow__people"]["seconds"] > 0.7 * BATCHES
    assert (ended["a_slow__people"] - ended["b_crm__people"]).total_seconds() > 1


def test_a_sync_that_hits_a_bug_stops_no_other(project: Project, receiver: Receiver) -> None:
    folder = project.root / "data" / "ledger" / "dev"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "c_klaviyo__profiles.duckdb")) as ledger:
        ledger.execute("create table batches (note varchar)")  # no ledger of ours, yet one of DuckDB's files
    results = sync(project, receiver)
    broken = results.pop("c_klaviyo__profiles")
    assert broken["status"] == "failed"
    assert "hit a bug: " in broken["error"]["problem"]
    assert broken["error"]["exit_code"] == 1
    assert {(r["status"], r["added"]) for r in results.values()} == {("succeeded", len(PEOPLE))}
    plans = project.cdp("sync", "--dry-run", "--json", **receiver.environment).json["syncs"]
    assert [plan["status"] for plan in plans].count("planned") == len(OBJECTS) - 1


def test_an_interruption_keeps_what_was_acknowledged(project: Project, receiver: Receiver) -> None:
    receiver.fail(kind="slow", path=SLOW, seconds=1.5)
    child = subprocess.Popen(
        [sys.executable, "-m", "cdp_cli.cli", "sync"],
        cwd=project.root,
        env={**project.environment, **receiver.environment},
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the tests in the background has them, and their children, ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while sum(request.path == SLOW for request in list(receiver.requests)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "run the same command again" in said
    applied = len(receiver.log())
    receiver.accept_everything()
    results = sync(project, receiver)
    assert {r["status"] for r in results.values()} == {"succeeded"}, [r["error"] for r in results.values()]
    slow = results["a_slow__people"]
    assert 0 < slow["unchanged"] < len(PEOPLE)
    assert slow["added"] + slow["unchanged"] == len(PEOPLE)
    # Nothing was in doubt, so nothing was sent twice.
    assert len(receiver.log()) - applied == sum(
        r["added"] for name, r in results.items() if not name.startswith("f_files")
    )
