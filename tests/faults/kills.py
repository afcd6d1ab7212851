"""SIGKILLs: at random moments, at steps of the engine, and as the n-th request comes.

A keyed or an upserting receiver ends as if no run had been killed. One that only appends gets each event at
most once; what it may have or not is in doubt, counted and named, and everything else goes on.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

from cdp_cli.destinations.base import Idempotency
from tests.faults.children import Children, Job, Outcome, world_of
from tests.faults.double import Watched, kill, kill_at
from tests.faults.tally import Tally
from tests.python.activation.conftest import person
from tests.relations import RELATIONS

KINDS = {"keyed": Idempotency.KEYED, "upserting": Idempotency.UPSERT, "append-only": Idempotency.APPEND_ONLY}
STAY, PASS, EVENTS = 24, 9, 24
FIRST_RUN = 0.6  # seconds within which the first random moment is drawn
_RUNS_TO_SETTLE = 3

Kill = Callable[["Scene", Job], Outcome]


class Scene:
    """A sync whose payload changes from turn to turn, its receiver, and what the receiver should hold."""

    def __init__(self, folder: Path, kind: str, children: Children, seed: int = 7) -> None:
        self.folder = folder
        self.kind = kind
        self.children = children
        self.draw = random.Random(seed)
        self.receiver = Watched(keyed=kind == "keyed")
        self.receiver.delay = 0.003
        self.turn = 0
        self.events: list[str] = []
        self.seconds = FIRST_RUN  # of the last whole run
        folder.mkdir(parents=True, exist_ok=True)
        appends = kind == "append-only"
        match_fields = ["event_id"] if appends else ["external_id", "email"]
        self.job = Job(
            str(folder), self.receiver.port,
            {"kind": KINDS[kind].value, "match_fields": match_fields},
            {"mode": "append", "key": "event_id"} if appends else {},
            answer=str(folder / "answer.json"),
        )  # fmt: skip
        self.world = world_of(self.job)
        self.wanted: dict[str, str] = {}
        self.in_doubt = 0

    def close(self) -> None:
        self.receiver.close()

    def next_turn(self) -> None:
        """New values for those who stay, new people for those who pass, or new events."""
        self.turn += 1
        self.receiver.forget()
        if self.kind == "append-only":
            self.events += [f"{self.turn}-{number:02}" for number in range(EVENTS)]
            self.world.arrange(*({"profile_id": event, "event_id": event} for event in self.events))
            return
        stay = [person(f"p{number:02}", city=str(self.turn)) for number in range(STAY)]
        self._arrange([*stay, *(person(f"t{self.turn}-{number}") for number in range(PASS))])

    def move_on(self) -> None:
        """The payload changes again before what a killed run left is settled."""
        if self.kind != "append-only":
            self._arrange(
                [row for row in self.rows if row["external_id"][0] == "p" or self.draw.random() < 0.7]
            )

    def _arrange(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.wanted = {row["external_id"]: row["city"] for row in rows}
        self.world.arrange(*rows)

    def check(self, tally: Tally) -> None:
        """Run until nothing is open, and compare what the receiver has with what it should have."""
        self.receiver.before = self.receiver.after = lambda path: None
        self.in_doubt = 0
        outcome = Outcome()
        for run in range(_RUNS_TO_SETTLE):
            began = time.monotonic()
            outcome = self.children.run(self.job)
            self.seconds = max(self.seconds if run else 0.0, time.monotonic() - began)
            if outcome.fault:
                tally.broken[outcome.fault] += 1
            if outcome.status == "succeeded":
                break
            tally.messages[outcome.problem] += bool(outcome.problem)
            if outcome.in_doubt:
                break  # that is a person's to say
        if self.kind == "append-only":
            self._check_events(tally, outcome)
            return
        if outcome.status != "succeeded":
            tally.broken[f"{_RUNS_TO_SETTLE} runs did not settle it: {outcome.problem}"] += 1
        held = {name: row["city"] for name, row in self.receiver.objects.items()}
        tally.lost += len(held.items() ^ self.wanted.items())
        tally.twice += self.receiver.twice()

    def _check_events(self, tally: Tally, outcome: Outcome) -> None:
        arrived = Counter(row["event_id"] for row in self.receiver.events)
        missing = [event for event in self.events if not arrived[event]]
        tally.twice += sum(times > 1 for times in arrived.values())
        tally.lost += max(0, len(missing) - outcome.in_doubt)
        named = self._named()
        unnamed = sum(event not in named for event in missing)
        if unnamed:
            tally.broken["a row in doubt is not named in sync_deliveries"] += unnamed
        self.in_doubt = outcome.in_doubt

    def _named(self) -> set[str]:
        log = RELATIONS.source("cdp", "sync_deliveries")
        found = self.world.warehouse(
            "select count(*) from information_schema.tables "
            f"where table_schema = '{log.schema}' and table_name = '{log.table}'"
        )
        if not found[0][0]:
            return set()
        return {
            row[0] for row in self.world.warehouse(f"select profile_id from {log} where outcome = 'in_doubt'")
        }


def at_random(scene: Scene, job: Job) -> Outcome:
    """Kill at any moment of a run."""
    pid = scene.children.begin(job)
    timer = Timer(scene.draw.uniform(0, scene.seconds), kill, [pid])
    timer.start()
    outcome = scene.children.end()
    timer.cancel()
    return outcome


def at_request(number: int, *, after: bool) -> Kill:
    """Kill as the request of this number comes, before or after it is applied."""

    def run(scene: Scene, job: Job) -> Outcome:
        kill_at(scene.receiver, number, after=after, pid=lambda: scene.children.pid)
        return scene.children.run(job)

    return run


def at_step(step: str, number: int) -> Kill:
    """Kill as the engine is at a step for the n-th time."""
    return lambda scene, job: scene.children.run(replace(job, kill_at=(step, number)))


def steps_of(scene: Scene) -> dict[str, int]:
    """How often a run of the scene passes each step of the engine."""
    scene.next_turn()
    steps = dict(scene.children.run(replace(scene.job, is_traced=True)).steps)
    scene.check(Tally())
    return steps


def try_kills(scene: Scene, tally: Tally, kills: Iterator[Kill], times: int) -> None:
    """So many kills, each followed by a whole run; every other time the payload has moved on by then.

    A run that ended before it was killed does not count.
    """
    for attempt in kills:
        if tally.times >= times:
            break
        scene.next_turn()
        outcome = attempt(scene, scene.job)
        if outcome.fault:
            tally.broken[outcome.fault] += 1
        tally.times += outcome.was_killed
        scene.receiver.rest()
        if scene.turn % 2:
            scene.move_on()
        scene.check(tally)
    tally.in_doubt += scene.in_doubt
