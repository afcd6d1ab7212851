"""Identity resolution against plain Splink 5 and goldenmatch, on the same records in one run.

    python benchmarks/identity.py --size 1000000 [--json]
    python benchmarks/identity.py --sizes 1000000,3000000          # how each step grows
    python benchmarks/identity.py --size 100000 --with-goldenmatch [--goldenmatch-size 10000]
    python benchmarks/identity.py --normalise

Ours is the build: from normalised records to published map, events and review queue, in a warehouse file,
and then once more with 10,000 new records (a tenth, where that is less). Plain Splink trains, predicts and
clusters in memory, once with the two placeholders that one in two hundred records carries blanked, and once
on the records as they are. Each contender is a process of its own with two threads; seconds are wall time of
its steps, with CPU seconds beside them for a machine that others use too. goldenmatch, at a size of its own
and beside the others at that size, runs in an environment of its own, made in --cache from PyPI.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import identity_data
from measure import contender

HERE = Path(__file__).resolve().parent
SEED = 20261122
LATER = 10_000
JUNK = (identity_data.JUNK_EMAIL, identity_data.JUNK_PHONE)
GOLDENMATCH = "goldenmatch==3.22.*"
# Plain Splink compares all records with one placeholder with each other: beyond this size it takes hours.
MOST_AS_THEY_ARE = 1_000_000

# The most that a figure may be.
GOALS = {
    "full / plain, junk blanked": 1.5,
    "full / plain, as they are": 1.0,
    "new records / full": 0.15,
    "peak memory, GB": 2.5,
}


def measure(size: int, folder: Path, goldenmatch: Path | None = None) -> dict[str, Any]:
    """What each contender took on `size` records, and how right it was."""
    data = identity_data.generate(folder, size, min(LATER, max(size // 10, 1)), SEED)
    python = sys.executable
    people = ["--people", str(data.people)]
    runs: dict[str, dict[str, Any]] = {}
    refusals: dict[str, str] = {}

    def run(name: str, *arguments: str) -> None:
        clusters = folder / f"{name.replace(' ', '_').replace(',', '')}.parquet"
        said(f"{size:,} records: {name}")
        try:
            found = contender([*arguments, "--clusters", str(clusters)])
        except RuntimeError as error:
            # Another's refusal is a result too; ours is a fault.
            if not name.startswith("goldenmatch"):
                raise
            refusals[name] = str(error).splitlines()[-1][:300]
        else:
            runs[name] = found | {"clusters": str(clusters)}

    ours = [python, str(HERE / "identity_ours.py"), str(folder), *people]
    run("ours, full", *ours)
    run("ours, new records", *ours, "--later", str(data.later))
    splink = [python, str(HERE / "plain_splink.py"), *people]
    run("plain Splink, junk blanked", *splink, "--blank", *JUNK)
    if size <= MOST_AS_THEY_ARE:
        run("plain Splink, as they are", *splink)
    if goldenmatch:
        judged = [str(goldenmatch), str(HERE / "goldenmatch_contender.py"), *people]
        run("goldenmatch, junk blanked", *judged, "--blank", *JUNK)
        run("goldenmatch, as they are", *judged)
    # After all: what this process holds would count as memory of the next that it starts.
    for found in runs.values():
        found["quality"] = identity_data.figures(data.truth, Path(found.pop("clusters")))
    return {"size": size, "runs": runs, "refusals": refusals, "figures": figures(runs)}


def figures(runs: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The ratios that GOALS are about, and their counterparts with normalising in them."""
    full, later = runs["ours, full"], runs["ours, new records"]
    found = {}
    for name, run in runs.items():
        if name.startswith("plain Splink"):
            found[f"full / plain, {name.partition(', ')[2]}"] = seconds(full, "link") / seconds(run)
    found["new records / full"] = seconds(later, "link") / seconds(full, "link")
    found["new records / full, with normalising"] = seconds(later) / seconds(full)
    found["full / plain, junk blanked, CPU"] = seconds(full, "link", "cpu") / seconds(
        runs["plain Splink, junk blanked"], kind="cpu"
    )
    found["peak memory, GB"] = max(full["peak_mb"], later["peak_mb"]) / 1024
    return found


def seconds(run: dict[str, Any], group: str | None = None, kind: str = "seconds") -> float:
    """Of a run's steps, or those of one group."""
    return float(sum(step[kind] for step in run["steps"] if group in (None, step["group"])))


def said(text: str) -> None:
    """Say on the side what takes so long."""
    print(text, file=sys.stderr, flush=True)


def environment(cache: Path) -> Path:
    """The Python of an environment with goldenmatch, made where it is missing."""
    python = cache / "goldenmatch" / "bin" / "python"
    if not python.exists():
        venv.create(python.parents[1], with_pip=True)
    if subprocess.run([python, "-c", "import goldenmatch"], capture_output=True, check=False).returncode:
        said(f"installing {GOLDENMATCH}")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", GOLDENMATCH]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def show(measured: dict[str, Any], inside: bool) -> None:
    """Tables of one size."""
    print(f"\n## {measured['size']:,} records\n")
    print("| run | step | seconds | CPU s | peak MB |\n| --- | --- | ---: | ---: | ---: |")
    for name, run in measured["runs"].items():
        for step in run["steps"]:
            row = f"{step['seconds']:.2f} | {step['cpu']:.2f} | {step['peak_mb']:,.0f}"
            print(f"| {name} | {step['name']} | {row} |")
            for function, spent in step["inside"].items() if inside else ():
                print(f"| | · {function} | {spent:.2f} | | |")
        whole = f"{seconds(run):.2f} | {seconds(run, kind='cpu'):.2f} | {run['peak_mb']:,.0f}"
        print(f"| {name} | **all** | {whole} |")
    print("\n| run | F1 | precision | recall |\n| --- | ---: | ---: | ---: |")
    for name, run in measured["runs"].items():
        quality = run["quality"]
        print(f"| {name} | {quality['f1']:.4f} | {quality['precision']:.4f} | {quality['recall']:.4f} |")
    for name, refusal in measured["refusals"].items():
        print(f"\n{name} gave nothing: {refusal}")
    print("\n| figure | measured | goal |\n| --- | ---: | --- |")
    for name, value in measured["figures"].items():
        goal = f"<= {GOALS[name]:g}: {'met' if value <= GOALS[name] else 'missed'}" if name in GOALS else ""
        print(f"| {name} | {value:.2f} | {goal} |")
    for name, run in measured["runs"].items():
        if run.get("made"):
            print(f"\n{name}, tables on the way:")
            for table, made in run["made"].items():
                print(f"  {made['rows']:>13,} rows {made['seconds']:>8.2f} s  {table}")
    sys.stdout.flush()


def show_growth(all_measured: Sequence[dict[str, Any]]) -> None:
    """How each step of ours grew from one size to the next: 1.0 is in step with the records."""
    for before, after in pairwise(all_measured):
        records = after["size"] / before["size"]
        print(f"\n## From {before['size']:,} to {after['size']:,} records: {records:.1f} times\n")
        print(
            "| step | seconds, times | of the records' | peak memory, times |\n| --- | ---: | ---: | ---: |"
        )
        pairs = zip(*(m["runs"]["ours, full"]["steps"] for m in (before, after)), strict=True)
        for one, other in pairs:
            times = other["seconds"] / max(one["seconds"], 1e-3)
            memory = other["peak_mb"] / one["peak_mb"]
            print(f"| {one['name']} | {times:.1f} | {times / records:.2f} | {memory:.1f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--sizes", help="Several sizes by comma, the growth from one to the next printed.")
    parser.add_argument("--with-goldenmatch", action="store_true")
    parser.add_argument("--goldenmatch-size", type=int, default=10_000)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "cdp-benchmarks")
    parser.add_argument("--normalise", action="store_true")
    parser.add_argument("--inside", action="store_true", help="Print seconds by function of each step.")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.normalise:
        import identity_normalising

        identity_normalising.run(SEED, asked.json)
        return
    sizes = [int(size) for size in asked.sizes.split(",")] if asked.sizes else [asked.size]
    wanted: list[tuple[int, Path | None]] = [(size, None) for size in sizes]
    if asked.with_goldenmatch:
        wanted.append((asked.goldenmatch_size, environment(asked.cache)))
    measured = []
    for size, goldenmatch in wanted:
        with tempfile.TemporaryDirectory() as folder:
            measured.append(measure(size, Path(folder), goldenmatch))
        if not asked.json:
            show(measured[-1], asked.inside)
    if asked.json:
        print(json.dumps(measured, indent=2))
    else:
        show_growth(measured[: len(sizes)])


if __name__ == "__main__":
    main()
