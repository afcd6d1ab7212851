"""A run killed at any moment loses no change, and repeats none at a destination that honours its keys."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cdp_cli.activation.ledger import open_ledger

from .conftest import World, person

# A benchmark runs more of them.
KILLS = int(os.environ.get("CDP_KILLS", "10"))
FOLDER = Path(__file__).resolve().parents[1]


def start(world: World, **spec: Any) -> subprocess.Popen[str]:
    given = json.dumps({**world.spec, "match_fields": list(world.destination.match_fields), **spec})
    child = subprocess.Popen(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "activation.child",
            world.folder,
            str(world.receiver.port),
            given,
        ],
        cwd=FOLDER,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(FOLDER), str(FOLDER.parents[1])])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def kill_after(child: subprocess.Popen[str], seconds: float) -> bool:
    """Whether it was still at work."""
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    alive = child.wait() == -signal.SIGKILL
    assert child.stdout is not None
    child.stdout.close()
    return alive


def in_doubt(world: World) -> set[str]:
    """The keys of the batches that the killed run sent without getting an answer."""
    with open_ledger(world.ledger_dir, "crm__people", read_only=True) as ledger:
        return {batch.idempotency_key for batch in ledger.batches("in_flight", "in_doubt")}


def sent_again(world: World) -> set[str]:
    """The keys of the batches that were sent more than once; the receiver drops what it has already."""
    times = Counter(request["key"] for request in world.receiver.requests)
    return {key for key, count in times.items() if count > 1}


def test_a_mirror_that_is_killed_ends_as_if_it_had_not_been(world: World) -> None:
    draw = random.Random(7)
    world.receiver.delay = 0.005
    killed = 0
    doubted: set[str] = set()
    for turn in range(KILLS):
        # Two thirds of the people stay and change, the others leave for good: each row is sent once at most.
        people = [person(f"p{number:02}", city=f"{turn}") for number in range(40)]
        passing = [person(f"t{turn}-{number:02}") for number in range(20)]
        world.arrange(*people, *passing)
        killed += kill_after(start(world), draw.uniform(0, 0.5))
        doubted |= in_doubt(world)
        if turn % 2:
            # What the dead run left is settled against a payload that has moved on meanwhile.
            world.arrange(*people, *passing[:15])
            passing = passing[:15]
        assert world.run().status == "succeeded"
        wanted = {row["external_id"]: row["city"] for row in [*people, *passing]}
        assert {name: row["city"] for name, row in world.receiver.objects.items()} == wanted
        twice = [key for key, times in world.receiver.applied.items() if times > 1]
        assert not twice
        assert sent_again(world) <= doubted
        assert world.run().requests == 0
    assert killed >= KILLS // 2
    assert [path.name for path in world.ledger_dir.iterdir()] == ["crm__people.duckdb"]


def test_events_of_a_killed_run_arrive_once(world: World) -> None:
    draw = random.Random(11)
    world.receiver.delay = 0.005
    world.spec |= {"mode": "append", "key": "event_id"}
    world.destination.match_fields = ["event_id"]
    killed = 0
    events: list[dict[str, str]] = []
    doubted: set[str] = set()
    for turn in range(KILLS):
        events += [{"profile_id": "a", "event_id": f"{turn}-{number:02}"} for number in range(40)]
        world.arrange(*events)
        killed += kill_after(start(world), draw.uniform(0, 0.4))
        doubted |= in_doubt(world)
        assert world.run().status == "succeeded"
        assert sorted(row["event_id"] for row in world.receiver.events) == sorted(
            row["event_id"] for row in events
        )
        assert sent_again(world) <= doubted
    assert killed >= KILLS // 2


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.03])
def test_a_first_run_killed_while_it_makes_its_ledger_can_be_repeated(world: World, moment: float) -> None:
    world.arrange(*(person(f"p{number:02}") for number in range(9)))
    kill_after(start(world), moment)
    world.ledger_dir.mkdir(parents=True, exist_ok=True)
    (world.ledger_dir / "crm__people.duckdb.1.new").touch()  # of a process that was killed at that moment
    assert world.run().status == "succeeded"
    assert len(world.receiver.objects) == 9
    assert [path.name for path in world.ledger_dir.iterdir()] == ["crm__people.duckdb"]
