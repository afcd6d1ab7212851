"""The same commands on both engines, with what each step took on each.

    python benchmarks/engines.py [--customers 1000 10000 100000]

Each size and engine runs in a folder of its own, with a receiver on loopback. Seconds are wall time of whole
processes, the start of Java included; the layers of the build are the sums of their nodes' seconds, which run
side by side, so that they add up to more than the build.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from cdp_cli.receiver import Receiver

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("dev", "spark")


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "cdp_cli.cli", *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"cdp {' '.join(arguments)} failed with {done.returncode}:\n{done.stdout[-3000:]}")
    return time.perf_counter() - started


def layers(target_path: Path, step: str) -> dict[str, float]:
    """Seconds of the last build's nodes by layer; tests are a layer of their own."""
    spent: dict[str, float] = defaultdict(float)
    nodes = json.loads((target_path / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    for result in json.loads((target_path / "run_results.json").read_text(encoding="utf-8"))["results"]:
        node = nodes.get(result["unique_id"], {})
        kind = node.get("resource_type", "operation")
        layer = node["fqn"][1] if kind == "model" else f"{kind}s"
        spent[f"{step}: {layer}"] += result["execution_time"]
    return dict(spent)


def measure(customers: int, engine: str) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Receiver(store=Path(folder) / "receiver.sqlite") as receiver,
    ):
        environment = {
            **os.environ,
            **receiver.environment,
            "DBT_TARGET": engine,
            "CDP_DATA": f"{folder}/data",
            "DBT_TARGET_PATH": f"{folder}/target",
            "DBT_LOG_PATH": f"{folder}/logs",
        }
        build = ["dbt", "build", "--exclude-resource-type", "unit_test"]
        demo = ["demo", "--customers", str(customers), "--seed", "42", "--today", "2026-11-22"]
        taken = {"demo": seconds(demo, environment)}
        taken["build, cold"] = seconds(build, environment)
        taken |= layers(Path(folder) / "target", "cold")
        taken["sync, first"] = seconds(["sync", "--json"], environment)
        taken["demo --advance 1"] = seconds(["demo", "--advance", "1"], environment)
        taken["build, one day"] = seconds(build, environment)
        taken["sync, one day"] = seconds(["sync", "--json"], environment)
        return taken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    for customers in parser.parse_args().customers:
        taken = {engine: measure(customers, engine) for engine in ENGINES}
        print(f"\n## {customers:,} customers\n")
        print("| step | DuckDB s | Spark s | Spark / DuckDB |\n| --- | ---: | ---: | ---: |")
        for step, one in taken["dev"].items():
            other = taken["spark"].get(step, 0.0)
            print(f"| {step} | {one:.1f} | {other:.1f} | {other / one:.1f} |" if one else f"| {step} | | | |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
