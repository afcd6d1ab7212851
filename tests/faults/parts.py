"""All faults as a list of parts, each of which can run by itself, in a process and folder of its own."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from pathlib import Path

from cdp_cli.receiver import Receiver
from cdp_cli.receiver.behaviours import BEHAVIOURS
from tests.faults import answers, files, kills, together
from tests.faults.children import Children
from tests.faults.kills import KINDS, Kill, Scene
from tests.faults.tally import Tally

NETWORK = {
    "cut_before": "connection cut, not applied",
    "cut_after": "connection cut, applied",
    "slow": "answer too late",
}
_REQUESTS = 8  # that each run makes
_FILES = {
    "disk full": files.try_full_disk,
    "read-only folder": files.try_read_only,
    "ledger cut": files.try_cut_ledger,
    "clock set back": files.try_clock,
}


@dataclass(frozen=True)
class Sizes:
    """How often each fault is tried."""

    kills: int = 1000  # at random moments; six tenths as many at steps of the engine and as requests come
    times: int = 30
    pairs: int = 100
    runs: int = 500


@dataclass(frozen=True)
class Part:
    """A fault and what tries it."""

    fault: str
    trying: Callable[[], Tally]

    def __call__(self) -> Tally:
        """Try it."""
        return replace(self.trying(), fault=self.fault)


def parts(sizes: Sizes) -> list[Part]:
    """Every fault, the longest first."""
    third = -(-sizes.kills // 3)
    share = -(-sizes.kills * 3 // 10 // 3)
    made = [Part("runs in a row with 1 % faults", partial(in_a_row, sizes.runs))]
    for kind in KINDS:
        made += [
            Part(f"killed at a random moment, {kind}", partial(kills_at_random, kind, third)),
            Part(f"killed at a step of the engine, {kind}", partial(kills_at_steps, kind, share)),
            Part(f"killed as a request comes, {kind}", partial(kills_at_requests, kind, share)),
        ]
    made.append(Part("two runs at once", partial(of_scene, together.try_pairs, "keyed", sizes.pairs)))
    for kind in ("keyed", "upserting"):
        lost = partial(of_scene, together.try_lost_answers, kind, sizes.times)
        made.append(Part(f"5 % of answers lost, {kind}", lost))
    for name, trying in _FILES.items():
        made.append(Part(name, partial(of_scene, trying, "keyed", sizes.times)))
    made += [Part(label, partial(network_fault, kind, sizes.times)) for kind, label in NETWORK.items()]
    made += [Part(f"HTTP {status}", partial(http_error, status, sizes.times)) for status in answers.STATUSES]
    return made + [Part(f"answer: {name}", partial(behaviour, name, sizes.times)) for name in BEHAVIOURS]


@contextmanager
def _scene(kind: str) -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as folder, Children() as children:
        scene = Scene(Path(folder) / "world", kind, children)
        try:
            yield scene
        finally:
            scene.close()


def of_scene(trying: Callable[[Scene, int], Tally], kind: str, times: int) -> Tally:
    """A fault that is tried on a sync of its own."""
    with _scene(kind) as scene:
        return trying(scene, times)


def in_a_row(times: int) -> Tally:
    """Runs in a row to an upserting receiver."""
    return of_scene(together.try_in_a_row, "upserting", times)


def kills_at_random(kind: str, times: int) -> Tally:
    """SIGKILL at random moments."""
    tally = Tally()
    with _scene(kind) as scene:
        kills.try_kills(scene, tally, repeat(kills.at_random), times)
    return tally


def kills_at_steps(kind: str, times: int) -> Tally:
    """SIGKILL as a function of the engine is entered or left, each of them in turn, at any of its times."""
    with _scene(kind) as scene:
        steps = kills.steps_of(scene)
        tally = Tally()
        kills.try_kills(scene, tally, _at_steps(steps, scene.draw), times)
    return tally


def _at_steps(steps: dict[str, int], draw: random.Random) -> Iterator[Kill]:
    while steps:
        for step in draw.sample(sorted(steps), len(steps)):
            yield kills.at_step(step, draw.randint(1, steps[step]))


def kills_at_requests(kind: str, times: int) -> Tally:
    """SIGKILL as a request comes, before and after it is applied."""
    tally = Tally()
    with _scene(kind) as scene:
        kills.try_kills(scene, tally, _at_requests(scene.draw), times)
    return tally


def _at_requests(draw: random.Random) -> Iterator[Kill]:
    while True:
        yield kills.at_request(draw.randint(1, _REQUESTS), after=draw.random() < 0.5)


def http_error(status: int, times: int) -> Tally:
    """An HTTP status in place of one answer or two, shared among the targets."""
    return _of_targets(times, kind="status", status=status)


def network_fault(kind: str, times: int) -> Tally:
    """A connection that ends before or after a request is applied, or an answer that comes too late."""
    late = {"seconds": answers.TIMEOUT * 1.5} if kind == "slow" else {}
    return _of_targets(times, kind=kind, **late)


def _of_targets(times: int, **fault: object) -> Tally:
    tally = Tally()
    for name in answers.TARGETS:
        with _bench(name) as bench:
            tally.add(answers.try_fault(bench, -(-times // len(answers.TARGETS)), **fault))
    return tally


def behaviour(name: str, times: int) -> Tally:
    """A behaviour of the receiver, for the targets whose requests it concerns."""
    names = answers.concerned(BEHAVIOURS[name])
    tally = Tally()
    for target in names:
        with _bench(target) as bench:
            tally.add(answers.try_behaviour(bench, name, -(-times // len(names))))
    return tally


@contextmanager
def _bench(target: str) -> Iterator[answers.Bench]:
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
        os.environ.update(receiver.environment)
        yield answers.Bench(Path(folder), receiver, answers.TARGETS[target])
