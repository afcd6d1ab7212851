"""Each kind of fault once or twice, as `benchmarks/faults.py` tries them a thousand times."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.parts import Part, Sizes, parts

# What takes longest, or waits for time-outs, is the benchmark's.
PARTS = {part.fault: part for part in parts(Sizes(kills=12, times=1, pairs=2, runs=4))}
IN_CI = [
    "killed at a random moment, upserting",
    "killed at a step of the engine, keyed",
    "killed as a request comes, keyed",
    "killed as a request comes, upserting",
    "two runs at once",
    "5 % of answers lost, keyed",
    "clock set back",
    "HTTP 503",
]


@pytest.mark.parametrize("fault", IN_CI)
def test_a_fault_loses_nothing_and_repeats_nothing(fault: str, tmp_path: Path) -> None:
    part: Part = PARTS[fault]
    tally = part()
    assert tally.times
    assert (tally.lost, tally.twice, dict(tally.broken)) == (0, 0, {})
