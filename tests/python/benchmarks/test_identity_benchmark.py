"""The identity benchmark runs: small, so that its figures mean nothing, but with every step."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT

STEPS = {
    "identity_record_log", "identity_models", "identity_pairs", "identity_assignments", "identity_events",
    "identity_review", "identity_map, read whole",
}  # fmt: skip


@pytest.fixture(scope="module")
def measured() -> Any:
    """What the benchmark prints of 2,000 records."""
    done = subprocess.run(
        [sys.executable, "benchmarks/identity.py", "--size", "2000", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)[0]


def test_every_step_is_timed_with_its_memory(measured: Any) -> None:
    for name in ("ours, full", "ours, new records"):
        steps = {step["name"]: step for step in measured["runs"][name]["steps"]}
        assert set(steps) >= STEPS
        assert all(step["seconds"] > 0 and step["peak_mb"] > 0 for step in steps.values())


def test_all_contenders_are_judged_on_the_same_records(measured: Any) -> None:
    quality = {name: run["quality"] for name, run in measured["runs"].items()}
    assert set(quality) == {
        "ours, full", "ours, new records", "plain Splink, junk blanked", "plain Splink, as they are",
    }  # fmt: skip
    # A chain of files that do not belong together would find next to nothing.
    assert all(figures["f1"] > 0.6 for figures in quality.values())


def test_the_ratios_that_have_a_goal_are_there(measured: Any) -> None:
    assert set(measured["figures"]) >= {
        "full / plain, junk blanked", "full / plain, as they are", "new records / full", "peak memory, GB",
    }  # fmt: skip


def test_new_records_join_the_people_that_there_are(measured: Any) -> None:
    full, later = (measured["runs"][name]["counts"] for name in ("ours, full", "ours, new records"))
    assert later["identity_records"] == full["identity_records"] + 200
    # Ids carry over: the log grows by little more than the new records.
    assert later["identity_assignments"] < full["identity_assignments"] + 300
