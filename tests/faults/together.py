"""Two runs of a sync at once, many times; and hundreds of runs in a row with a few faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import mean

from tests.faults.children import Children, Outcome
from tests.faults.double import some_failures
from tests.faults.kills import Scene
from tests.faults.tally import Tally
from tests.python.activation.double import BUSY, CUT_AFTER, CUT_BEFORE

LOST_ANSWERS, FAULTS = 0.05, 0.01
_GROWTH = 1.15  # the most by which the last fifth of the runs may exceed the second


def try_pairs(scene: Scene, times: int) -> Tally:
    """Both start at the same moment: one runs, the other says that it does, or runs after it."""
    tally = Tally()
    other = replace(scene.job, answer=f"{scene.job.answer}.other")
    with Children() as second:
        for _ in range(times):
            scene.next_turn()
            scene.children.begin(scene.job)
            second.begin(other)
            for outcome in (scene.children.end(), second.end()):
                _note(tally, outcome)
            scene.check(tally)
            tally.times += 1
    return tally


def try_lost_answers(scene: Scene, times: int) -> Tally:
    """One request in twenty is applied, and its answer is lost."""
    tally = Tally()
    for _ in range(times):
        scene.next_turn()
        scene.receiver.draw_failure = some_failures(LOST_ANSWERS, scene.draw, [CUT_AFTER])
        _note(tally, scene.children.run(scene.job))
        scene.receiver.draw_failure = lambda: None
        scene.check(tally)
        tally.times += 1
    return tally


def try_in_a_row(scene: Scene, times: int) -> Tally:
    """Many runs in one process, of which one request in a hundred fails. Memory and files must not grow."""
    tally = Tally()
    kinds = [CUT_AFTER, CUT_BEFORE, BUSY]
    scene.receiver.draw_failure = some_failures(FAULTS, scene.draw, kinds)
    sizes: dict[str, list[float]] = {"memory": [], "files": []}
    with Children(resident=True) as resident:
        for _ in range(times):
            scene.next_turn()
            outcome = resident.run(scene.job)
            _note(tally, outcome)
            sizes["memory"].append(outcome.memory_mb)
            sizes["files"].append(_files_mb(scene.world.ledger_dir))
            tally.twice += scene.receiver.twice()
            tally.times += 1
    scene.receiver.draw_failure = lambda: None
    scene.check(tally)
    fifth = max(1, times // 5)
    for name, measured in sizes.items():
        early, late = mean(measured[fifth : 2 * fifth] or measured), mean(measured[-fifth:])
        tally.messages[
            f"{name}: {early:,.1f} MB in the second fifth of the runs, {late:,.1f} in the last"
        ] += 1
        if late > early * _GROWTH:
            tally.broken[f"{name} grew from {early:,.1f} to {late:,.1f} MB"] += 1
    return tally


def _files_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def _note(tally: Tally, outcome: Outcome) -> None:
    if outcome.problem:
        tally.messages[outcome.problem] += 1
    if outcome.fault:
        tally.broken[f"not a message: {outcome.fault}"] += 1
