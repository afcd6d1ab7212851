"""The whole path, cold, with what each step took: demo, build, first sync, and a second build and sync.

    python benchmarks/end_to_end.py [--customers 5000 100000]

Each size runs in a folder of its own, with a receiver on loopback. Seconds are wall time of whole processes;
memory is the largest process of the step. As a yardstick the same machine, in the same run, copies the raw
tables once with plain DuckDB (`create table as`): every step is also given as a multiple of that.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_cli.receiver import Receiver

ROOT = Path(__file__).resolve().parents[1]
RAW_SCHEMAS = ("crm", "shop", "pos", "web", "email", "support", "consent")


@dataclass(frozen=True)
class Step:
    """One process: what it took and what it printed."""

    name: str
    seconds: float
    peak_mb: float
    output: str


def run(name: str, arguments: list[str], environment: dict[str, str]) -> Step:
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, stdout=said, stderr=sys.stderr
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        said.seek(0)
        output = said.read()
    if process.returncode != 0:
        sys.exit(f"{name} failed with {process.returncode}:\n{output[-3000:]}")
    return Step(name, seconds, usage.ru_maxrss / 1024, output)


def yardstick(warehouse: Path) -> float:
    """Seconds to copy every raw table once with plain DuckDB."""
    connection = duckdb.connect()
    connection.execute(f"attach '{warehouse}' as source (read_only)")
    connection.execute(f"attach '{warehouse.parent / 'copy.duckdb'}' as copied")
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = 'source' and list_contains(?, table_schema)",
        [list(RAW_SCHEMAS)],
    ).fetchall()
    started = time.perf_counter()
    for schema, table in tables:
        connection.execute(f"create table copied.{schema}_{table} as from source.{schema}.{table}")
    connection.execute("checkpoint copied")
    return time.perf_counter() - started


def slowest(count: int = 12) -> list[tuple[str, float]]:
    """The slowest nodes of the last dbt run, with their seconds."""
    results = json.loads((Path(os.environ["DBT_TARGET_PATH"]) / "run_results.json").read_text())["results"]
    return sorted(((r["unique_id"], r["execution_time"]) for r in results), key=lambda r: -r[1])[:count]


def report(steps: list[Step], copy_seconds: float) -> None:
    print("| step | seconds | x plain copy | peak MB |\n| --- | ---: | ---: | ---: |")
    cold = steps[:3]
    whole = Step("cold, end to end", sum(s.seconds for s in cold), max(s.peak_mb for s in cold), "")
    for step in [*steps, whole]:
        ratio = step.seconds / copy_seconds
        print(f"| {step.name} | {step.seconds:.1f} | {ratio:.1f} | {step.peak_mb:,.0f} |")


def measure(customers: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Receiver(store=Path(folder) / "receiver.sqlite") as receiver,
    ):
        os.environ["DBT_TARGET_PATH"] = f"{folder}/target"
        environment = {
            **os.environ,
            **receiver.environment,
            "CDP_DATA": f"{folder}/data",
            "DBT_LOG_PATH": f"{folder}/logs",
        }
        cdp = "cdp_cli.cli"
        steps = [run("demo", [cdp, "demo", "--customers", str(customers), "--seed", "42"], environment)]
        copy_seconds = yardstick(Path(folder) / "data" / "warehouse.duckdb")
        steps.append(run("build, cold", ["dbt.cli.main", "build"], environment))
        first_build = slowest()
        steps.append(run("sync, first", [cdp, "sync", "--json"], environment))
        steps.append(run("sync, nothing new", [cdp, "sync", "--json"], environment))
        steps.append(run("build, nothing new", ["dbt.cli.main", "build"], environment))
        steps.append(run("demo --advance 1", [cdp, "demo", "--advance", "1"], environment))
        steps.append(run("build, one day", ["dbt.cli.main", "build"], environment))
        steps.append(run("sync, one day", [cdp, "sync", "--json"], environment))
        steps.append(run("identity evaluate", [cdp, "identity", "evaluate", "--json"], environment))

        print(f"\n## {customers:,} customers (plain DuckDB copies the raw tables in {copy_seconds:.1f} s)\n")
        report(steps, copy_seconds)
        clusters = json.loads(steps[-1].output)["clusters"]
        print("\nclusters: " + ", ".join(f"{k} {clusters[k]:.4f}" for k in ("f1", "precision", "recall")))
        print("\nslowest steps of the cold build:")
        for name, seconds in first_build:
            print(f"  {seconds:6.1f} s  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, nargs="+", default=[5_000, 100_000])
    for customers in parser.parse_args().customers:
        measure(customers)
    print(f"\npeak of all children: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
