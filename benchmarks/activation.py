"""Activation against drt-core, a bare loop and a bare comparison of hashes, on the same rows in one run.

    python benchmarks/activation.py [--rows 1000000] [--json]
    python benchmarks/activation.py --rows 10000000 --without-drt    # memory
    python benchmarks/activation.py --inside                         # where each step spends its time

The payload has 15 columns. A sink on loopback takes everything, at once or after 100 ms. Ours is the real
path from `connect()` to `run_sync()`, with ledger, consent, and results published to the warehouse. drt-core
sends from the same warehouse through its REST destination, with its rate limit off and without state. It is
measured on fewer rows (--drt-rows), and its time is scaled to ours. The bare loop posts ready-made bodies
over four connections. Each contender is a process of its own; seconds are wall time of its step. drt-core is
in an environment of its own, made in --cache from PyPI.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import activation_data
from measure import contender
from sink import came, sink

HERE = Path(__file__).resolve().parent
DRT = "drt-core[duckdb]==1.2.1"
LATENCY = 0.1
ROWS_A_REQUEST = 1000

Run = dict[str, Any]

# The bound of each figure: "<=" means the most that it may be, ">=" the least.
GOALS = {
    "diff and plan / bare comparison": ("<=", 3.0),
    "diff and plan, peak GB": ("<=", 8.0),
    "nothing to send, seconds": ("<=", 2.0),
    "drt / ours, at once": (">=", 15.0),
    "drt / ours, 100 ms": (">=", 10.0),
    "drt / ours, one row a request": (">=", 3.0),
    "bare loop / ours, at once": (">=", 0.15),
    "share of the ledger": ("<=", 0.15),
}


def measure(rows: int, single_rows: int, drt_rows: int, drt: Path | None, folder: Path) -> dict[str, Any]:
    """What each contender took, as runs by name, and the figures that GOALS are about."""
    runs: dict[str, Run] = {}
    with sink() as at_once, sink(LATENCY) as slow:
        said(f"making {rows:,} rows")
        activation_data.make(folder, rows, single_rows, at_once, slow)

        def run(
            name: str, script: str, *arguments: object, port: int = 0, python: Path | None = None
        ) -> None:
            said(name)
            before = came(port)["requests"] if port else 0
            command = [str(python or sys.executable), str(HERE / script), *map(str, arguments)]
            runs[name] = contender(command)
            runs[name]["came"] = came(port)["requests"] - before if port else 0

        def ours(name: str, what: str, sync: str, *where: str, port: int = 0) -> None:
            run(name, "activation_ours.py", folder, what, sync, *where, port=port)

        everybody = ("at_once", "people", "people")
        run("bare loop", "activation_bare.py", folder, "post", at_once, port=at_once)
        ours("ours, at once", "run", "everybody", *everybody, port=at_once)
        ours("ours, nothing to send", "run", "everybody", *everybody, port=at_once)
        ours("the same requests without a ledger", "requests", "everybody", *everybody, port=at_once)
        ours("ours, at once, keyed", "run", "keyed", "at_once", "keyed_people", "people", port=at_once)
        ours("ours, 100 ms", "run", "slow", "slow", "people", "people", port=slow)
        ours("ours, one row a request", "run", "few", "row_by_row", "people", "few_people", port=at_once)
        if drt is not None:
            _measure_drt(run, folder, drt, (at_once, slow), min(rows, drt_rows), single_rows)
        activation_data.change(folder)
        ours("ours, diff and plan", "plan", "everybody", *everybody)
        run("bare comparison", "activation_bare.py", folder, "compare")
    _check(runs, rows, single_rows)
    return {"rows": rows, "runs": runs, "figures": figures(runs, rows, single_rows)}


def _measure_drt(
    run: Callable[..., None], folder: Path, drt: Path, ports: tuple[int, int], rows: int, single_rows: int
) -> None:
    at_once, slow = ports
    script, warehouse = "drt_contender.py", folder / "warehouse.duckdb"
    people, few = "activation.people", "activation.few_people"
    run("drt, at once", script, warehouse, people, at_once, rows, port=at_once, python=drt)
    run("drt, 100 ms", script, warehouse, people, slow, rows, port=slow, python=drt)
    run(
        "drt, one row a request", script, warehouse, few, at_once, single_rows, "--single",
        port=at_once, python=drt,
    )  # fmt: skip


def _check(runs: dict[str, Run], rows: int, single_rows: int) -> None:
    """Raise if a contender did not do what is compared."""
    requests = -(-rows // ROWS_A_REQUEST)
    for name in (*_SENT_WHOLE, "bare loop"):
        if runs[name]["came"] < requests:
            raise RuntimeError(f"{name}: {runs[name]['came']:,} requests came, of {requests:,} or more")
    if (few := runs["ours, one row a request"]["came"]) != single_rows:
        raise RuntimeError(f"ours, one row a request: {few:,} requests came, and not {single_rows:,}")
    if runs["ours, nothing to send"]["came"]:
        raise RuntimeError("ours, nothing to send: requests came")
    planned, compared = (runs[name]["counts"] for name in ("ours, diff and plan", "bare comparison"))
    if planned["changed"] != compared["changed"] or planned["unchanged"] != compared["unchanged"]:
        raise RuntimeError(f"the comparisons differ: {planned} and {compared}")


_SENT_WHOLE = (
    "ours, at once", "ours, at once, keyed", "ours, 100 ms", "the same requests without a ledger",
)  # fmt: skip


def figures(runs: dict[str, Run], rows: int, single_rows: int) -> dict[str, float]:
    """The figures that GOALS are about, and the keyed counterpart of one."""
    took = {name: seconds(run) for name, run in runs.items()}
    found = {
        "diff and plan / bare comparison": took["ours, diff and plan"] / took["bare comparison"],
        "diff and plan, peak GB": peak_mb(runs["ours, diff and plan"]) / 1024,
        "nothing to send, seconds": took["ours, nothing to send"],
        "bare loop / ours, at once": took["bare loop"] / took["ours, at once"],
        "share of the ledger": 1 - took["the same requests without a ledger"] / took["ours, at once"],
        "ours keyed / ours": took["ours, at once, keyed"] / took["ours, at once"],
    }
    for case, whole in (("at once", rows), ("100 ms", rows), ("one row a request", single_rows)):
        drt = runs.get(f"drt, {case}")
        if drt is not None:
            scaled = seconds(drt) * whole / drt["counts"]["rows"]
            found[f"drt / ours, {case}"] = scaled / took[f"ours, {case}"]
    return found


def seconds(run: Run) -> float:
    """Of a run's steps."""
    return float(sum(step["seconds"] for step in run["steps"]))


def peak_mb(run: Run) -> float:
    """Of a run's steps. A whole process also counts what it inherited from the one that started it."""
    return float(max(step["peak_mb"] for step in run["steps"]))


def said(text: str) -> None:
    """Say on the side what takes so long."""
    print(text, file=sys.stderr, flush=True)


def environment(cache: Path) -> Path:
    """The Python of an environment with drt-core, made where it is missing."""
    python = cache / "drt" / "bin" / "python"
    if not python.exists():
        venv.create(python.parents[1], with_pip=True)
    if subprocess.run([python, "-c", "import drt, duckdb"], capture_output=True, check=False).returncode:
        said(f"installing {DRT}")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", DRT]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def show(measured: dict[str, Any], inside: bool) -> None:
    """The tables."""
    print(f"\n## {measured['rows']:,} rows of 15 columns\n")
    print("| run | rows | seconds | rows/s | CPU s | peak MB |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, run in measured["runs"].items():
        rows = measured["rows"]
        if "one row" in name:
            rows = run["came"]
        elif name.startswith("drt"):
            rows = run["counts"]["rows"]
        took, cpu = seconds(run), sum(step["cpu"] for step in run["steps"])
        print(f"| {name} | {rows:,} | {took:.2f} | {rows / took:,.0f} | {cpu:.2f} | {peak_mb(run):,.0f} |")
        for step in run["steps"] if inside else ():
            for function, spent in step["inside"].items():
                print(f"| · {function} | | {spent:.2f} | | | |")
    print("\n| figure | measured | goal |\n| --- | ---: | --- |")
    for name, value in measured["figures"].items():
        print(f"| {name} | {value:.3g} | {_judged(name, value)} |")
    for name, run in measured["runs"].items():
        if name.startswith("drt") and "one row" not in name and run["counts"]["rows"] < measured["rows"]:
            print(f"\n{name}: measured on {run['counts']['rows']:,} rows and scaled to {measured['rows']:,}.")


def _judged(name: str, value: float) -> str:
    if name not in GOALS:
        return ""
    sign, bound = GOALS[name]
    met = value <= bound if sign == "<=" else value >= bound
    return f"{sign} {bound:g}: {'met' if met else 'missed'}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--single-rows", type=int, default=20_000, help="Rows of one a request.")
    parser.add_argument("--drt-rows", type=int, default=100_000)
    parser.add_argument("--without-drt", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "cdp-benchmarks")
    parser.add_argument("--inside", action="store_true", help="Print seconds by function of each step.")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    drt = None if asked.without_drt else environment(asked.cache)
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(
            asked.rows, min(asked.single_rows, asked.rows), asked.drt_rows, drt, Path(folder) / "project"
        )
    if asked.json:
        print(json.dumps(measured, indent=2))
    else:
        show(measured, asked.inside)


if __name__ == "__main__":
    main()
