"""The activation benchmark runs: small, so that its figures mean nothing, but with each step but drt's."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT

ROWS, SINGLE_ROWS = 2500, 20


@pytest.fixture(scope="module")
def measured() -> Any:
    """What the benchmark prints. drt-core would have to be installed."""
    sizes = ["--rows", str(ROWS), "--single-rows", str(SINGLE_ROWS)]
    done = subprocess.run(
        [sys.executable, "benchmarks/activation.py", *sizes, "--without-drt", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_every_contender_sends_all_rows_in_as_many_requests(measured: Any) -> None:
    came = {name: run["came"] for name, run in measured["runs"].items()}
    whole = {name for name, requests in came.items() if requests == 3}
    assert whole == {
        "bare loop", "ours, at once", "ours, at once, keyed", "ours, 100 ms",
        "the same requests without a ledger",
    }  # fmt: skip
    assert came["ours, one row a request"] == SINGLE_ROWS
    assert measured["runs"]["ours, at once"]["counts"]["added"] == ROWS


def test_latency_takes_its_time(measured: Any) -> None:
    [step] = measured["runs"]["ours, 100 ms"]["steps"]
    assert step["seconds"] > 0.1


def test_the_plan_finds_the_twentieth_that_changed(measured: Any) -> None:
    planned = measured["runs"]["ours, diff and plan"]["counts"]
    assert 0.04 * ROWS < planned["changed"] < 0.06 * ROWS
    assert planned["changed"] + planned["unchanged"] == ROWS


def test_the_ratios_that_have_a_goal_are_there(measured: Any) -> None:
    assert set(measured["figures"]) >= {
        "diff and plan / bare comparison", "diff and plan, peak GB", "nothing to send, seconds",
        "bare loop / ours, at once", "share of the ledger",
    }  # fmt: skip
    assert all(figure > 0 for name, figure in measured["figures"].items() if name != "share of the ledger")
