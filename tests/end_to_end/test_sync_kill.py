"""Killing `cdp sync` at random moments ends in the same state, and sends nothing again without need.

The whole program, twenty times; `benchmarks/faults.py` kills the engine alone, a thousand times.
A row whose batch had no answer when the run was killed has to be sent again. No other row may be, whether the
receiver applies it a second time or finds it unchanged.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import duckdb
import pytest

from cdp_cli.activation.ledger import open_ledger
from cdp_cli.receiver import Receiver
from tests.conftest import Project

KILLS = int(os.environ.get("CDP_KILLS", "20"))
SYNC = "klaviyo__newsletter_profiles"
TURN = 5  # kills before a run may end


def arrange(project: Project) -> None:
    """Small batches, so that there is much to interrupt; consent as tables, so that a run starts quickly."""
    connections = project.root / "connections.yml"
    text = connections.read_text(encoding="utf-8")
    connections.write_text(
        re.sub(r"(    destination: klaviyo\n)", r"\1    rows: 4\n    concurrency: 3\n", text),
        encoding="utf-8",
    )
    with duckdb.connect(str(project.warehouse)) as connection:
        for table in ("profile_consents", "profile_suppressions"):
            connection.execute(f"create table kept_{table} as from profiles.{table}")
            kind = connection.execute(
                f"select table_type from information_schema.tables where table_name = '{table}'"
            ).fetchall()[0][0]
            connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} profiles.{table}")
            connection.execute(f"create table profiles.{table} as from kept_{table}")


def change(project: Project, turn: int) -> dict[str, str]:
    """Give everybody a new first name; returns the names that those in reach of the sync must have."""
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(
            f"update activation.{SYNC} set first_name = 'Turn {turn} ' || left(external_id, 8)"
        )
        names = connection.execute(f"select external_id, first_name from activation.{SYNC}").fetchall()
    return dict(names)


def killed(project: Project, receiver: Receiver, seconds: float) -> bool:
    """Run the sync and kill it after so long; whether it was still at work."""
    child = subprocess.Popen(
        [sys.executable, "-m", "cdp_cli.cli", "sync", SYNC],
        cwd=project.root,
        env={**project.environment, **receiver.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
    return child.wait() == -signal.SIGKILL


def in_doubt(project: Project) -> list[str]:
    """The external ids of the rows that the killed run sent without getting an answer."""
    with open_ledger(project.root / "data" / "ledger" / "dev", SYNC, read_only=True) as ledger:
        found = ledger.work.execute(f"select key from ({ledger.unsettled_rows_sql()})").fetchall()
    return [key for (key,) in found]


def repeats(receiver: Receiver) -> Counter[str]:
    """How often each external id was sent with the content that it had been sent with before."""
    names = {key: row["external_id"] for key, row in receiver.state()["klaviyo"]["profiles"].items()}
    sent = Counter(
        (names[entry["key"]], entry["content_hash"])
        for entry in receiver.log()
        if entry["object"] == "profiles"
    )
    again: Counter[str] = Counter()
    for (name, _), times in sent.items():
        again[name] += times - 1
    return again


@pytest.mark.slow
def test_kills_lose_nothing_and_repeat_nothing(demo: Project) -> None:
    draw = random.Random(50)
    arrange(demo)
    with Receiver() as receiver:
        began = time.monotonic()
        change(demo, 0)
        assert demo.cdp("sync", SYNC, **receiver.environment).code == 0
        takes = time.monotonic() - began
        interrupted = 0
        doubted: Counter[str] = Counter()
        for turn in range(KILLS // TURN):
            for kill in range(1, TURN + 1):
                # Every run has everybody to send, so that there is something to interrupt at any moment.
                names = change(demo, turn * TURN + kill)
                began = time.monotonic()
                if killed(demo, receiver, draw.uniform(0.2, 1.0) * takes):
                    interrupted += 1
                    doubted.update(in_doubt(demo))
                else:
                    # It was quicker than thought: the machine has less to do than when we measured.
                    takes = time.monotonic() - began
            ran = demo.cdp("sync", SYNC, "--json", **receiver.environment)
            assert ran.code == 0, ran.err
            found = receiver.state()["klaviyo"]["profiles"].values()
            assert {row["external_id"]: row["first_name"] for row in found} == {
                row["external_id"]: names[row["external_id"]] for row in found
            }
            reached = demo.cdp("sync", SYNC, "--json", **receiver.environment).json["syncs"][0]
            assert (reached["requests"], reached["unchanged"]) == (0, len(found))
        applied = Counter(
            (entry["key"], entry["content_hash"])
            for entry in receiver.log()
            if entry["object"] == "profiles" and entry["effect"] in ("created", "updated")
        )
        assert max(applied.values()) == 1
        assert sum(applied.values()) > len(found), "nothing was sent after the first run"
        assert not repeats(receiver) - doubted, "a row was sent again although its answer was known"
        assert interrupted > KILLS // 4
    ledgers = demo.root / "data" / "ledger" / "dev"
    assert [path.name for path in ledgers.iterdir()] == [f"{SYNC}.duckdb"]
