"""The two household files are what they say: everybody at most once a file, and the same for a seed."""

from __future__ import annotations

import runpy
from collections import Counter

from tests.conftest import ROOT

generate = runpy.run_path(str(ROOT / "benchmarks" / "household_files.py"))["generate"]


def test_each_person_is_at_most_once_in_a_file_and_mostly_in_both() -> None:
    rows = generate(300, 7).to_pylist()
    assert max(Counter((row["source"], row["person_id"]) for row in rows).values()) == 1
    assert len({row["record_id"] for row in rows}) == len(rows)
    in_both = Counter(Counter(row["person_id"] for row in rows).values())
    assert in_both[2] > 4 * in_both[1]


def test_a_seed_gives_the_same_files_and_another_seed_others() -> None:
    assert generate(50, 7).equals(generate(50, 7))
    assert not generate(50, 7).equals(generate(50, 8))
