"""Judges identity by labelled people: data sets, two household files, demos, and each part switched off.

python benchmarks/accuracy.py --labelled FOLDER [--seeds 1,2,3,4,5] [--customers 5000] [--ablation]

FOLDER holds Parquet files in the columns of the person vocabulary with person_id, the truth. The defaults are
the same for all; of the household files it is said that each has a person once. `--ablation` prints what each
protection and step is worth, as a Markdown table.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean
from typing import Any
from unittest import mock

import duckdb
import household_files
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_cli.identity import pipeline
from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import assignments, constraints, edges
from cdp_cli.identity.clustering.clustering import cluster
from cdp_cli.identity.clustering.graph import components
from cdp_cli.identity.evaluation.report import Report, against_truth
from cdp_cli.identity.linking import comparisons, discovery, pairs
from cdp_cli.identity.resolve import resolve
from cdp_cli.identity.training import trained_model, training

ROOT = Path(__file__).resolve().parents[1]
HOUSEHOLDS = 9_000
Patches = list[Any]


def judged(people: pa.Table, bands: Bands = DEFAULT, unique_sources: Sequence[str] = ()) -> Report:
    """The report of people who are resolved with the defaults, or with other bands."""
    found_people = resolve(people.drop_columns("person_id"), ROOT, bands=bands, unique_sources=unique_sources)
    return against_truth(
        found_people.records,
        found_people.assigned.select(["record_id", "profile_id"]),
        found_people.pairs,
        found_people.keys,
        people.select(["record_id", "person_id"]),
        found_people.evidence,
        0.0,
        bands,
    )


def demo(customers: int, seed: int) -> pa.Table:
    """The person records of a demo, with the truth."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "CDP_DATA": folder, "DBT_TARGET_PATH": f"{folder}/target", "DBT_LOG_PATH": f"{folder}/logs",
        }  # fmt: skip
        binaries = Path(sys.executable).parent
        make = [str(binaries / "cdp"), "demo", "--customers", str(customers), "--seed", str(seed)]
        build = [str(binaries / "cdp"), "dbt", "build", "--exclude-resource-type", "test", "unit_test"]
        selected = ["--select", "+unified_people", "country_codes", "mobile_prefixes"]
        for command in ([*make, "--today", "2026-11-01"], [*build, *selected]):
            subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        with duckdb.connect(f"{folder}/warehouse.duckdb", read_only=True) as warehouse:
            return warehouse.sql(
                "select people.*, truth.person_id from unified.unified_people as people "
                "inner join truth.records as truth using (record_id) order by record_id"
            ).to_arrow_table()


@contextmanager
def all_of(patches: Patches) -> Iterator[None]:
    """Several patches at once."""
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield


def _without_vetoes(*names: str) -> Patches:
    def in_force(model: trained_model.Model, bands: Bands) -> tuple[Any, ...]:
        return tuple(veto for veto in IN_FORCE(model, bands) if names and veto.name not in names)

    return [mock.patch.object(module, "vetoes_in_force", in_force) for module in (pairs, constraints)]


def _connected(count: int, given_edges: Any, *given: Any) -> Any:
    """Connected components of sure pairs, in place of clustering."""
    bands: Bands = given[-1]
    against = given_edges.cannot_link | given_edges.soft_cannot_link
    sure = (given_edges.must_link | (given_edges.probability >= bands.auto)) & ~against
    labels = components(count, given_edges.left[sure], given_edges.right[sure])
    return np.unique(labels, return_index=True)[1][labels], []


def _unlimited(count: int, given_edges: Any, filled: Any, *given: Any) -> Any:
    return cluster(count, given_edges, filled, [], given[-1])


def _of_records(engine: Any, used: Any, parameters: Any, *_: float) -> Any:
    return FREQUENCIES(engine, used, parameters, 0.0)


def _without_comparison(name: str) -> Patches:
    return [mock.patch.object(comparisons, "ALL", tuple(c for c in comparisons.ALL if c.name != name))]


def _unblocked(engine: Any, keys: Any, rules: Any) -> Any:
    """Only the blocking rules that look for one equal value."""
    return MAKE_BLOCKS(
        engine, keys.select(["record_id", "email", "phone", "national_id", "both_names"]), rules
    )


FREQUENCIES, MAKE_BLOCKS, IN_FORCE = (
    training.term_frequencies,
    pipeline.make_blocks,
    discovery.vetoes_in_force,
)
Part = tuple[str, Callable[[], Patches], Bands]


def parts() -> list[Part]:
    """What is switched off: its name, how, and the bands without it."""
    same = dataclasses.replace
    return [
        ("nothing", list, DEFAULT),
        ("all vetoes", _without_vetoes, DEFAULT),
        ("veto on different first names", lambda: _without_vetoes("different_first_names"), DEFAULT),
        ("veto on birth dates far apart", lambda: _without_vetoes("birth_dates_far_apart"), DEFAULT),
        (
            "deterministic rules",
            lambda: [mock.patch.object(pipeline, "rules_of", lambda _: ())],
            DEFAULT,
        ),
        ("wide blocking", lambda: [mock.patch.object(pipeline, "make_blocks", _unblocked)], DEFAULT),
        (
            "term frequencies",
            lambda: [mock.patch.object(training, "term_frequencies", lambda *_: {})],
            DEFAULT,
        ),
        (
            "frequencies by people, not records",
            lambda: [mock.patch.object(training, "term_frequencies", _of_records)],
            DEFAULT,
        ),
        ("both names together", lambda: _without_comparison("both_names"), DEFAULT),
        ("e-mail comparison", lambda: _without_comparison("email"), DEFAULT),
        (
            "clustering (connected components)",
            lambda: [mock.patch.object(assignments, "cluster", _connected)],
            DEFAULT,
        ),
        (
            "pairs that blocking did not find",
            lambda: [mock.patch.object(constraints, "_SUREST_UNSCORED", 0.0)],
            DEFAULT,
        ),
        ("min_average_linkage", list, same(DEFAULT, min_average_linkage=0.0)),
        ("min_exclusive_share", list, same(DEFAULT, min_exclusive_share=0.0)),
        (
            "max_name_conflict_share (each first-name veto decides)",
            list,
            same(DEFAULT, max_name_conflict_share=1e-9),
        ),
        (
            "limits of values",
            lambda: [mock.patch.object(assignments, "cluster", _unlimited)],
            DEFAULT,
        ),
        (
            "accounts and cards first",
            lambda: [mock.patch.object(edges, "_SUREST_SCORE", 1.0)],
            DEFAULT,
        ),
        ("auto at 0.5 (0.85 instead)", list, same(DEFAULT, auto=0.85)),
    ]


def show_ablation(sets: dict[str, pa.Table]) -> None:
    """Print cluster F1 and precision of each set with each part switched off."""
    print("| without | " + " | ".join(sets) + " |")
    print("|---|" + "---|" * len(sets))
    for name, patches, bands in parts():
        cells = []
        for people in sets.values():
            with all_of(patches()):
                figures = judged(people, bands).clusters
            cells.append(f"{figures.f1:.3f} / {figures.precision:.3f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def line(name: str, report: Report) -> str:
    """The figures of a report in a line."""
    figures = report.clusters
    return (
        f"{name:<22}{figures.f1:>8.4f}{figures.precision:>8.4f}{figures.recall:>8.4f}{figures.b_cubed:>9.4f}"
        f"{figures.exact_share:>8.3f}{figures.over_merged:>7,}{report.blocking_recall:>10.3f}"
    )


def main() -> None:
    """Print the figures of each data set and seed, or the ablation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labelled", type=Path, required=True)
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--ablation", action="store_true")
    asked = parser.parse_args()
    sets = {path.stem: pq.read_table(path) for path in sorted(asked.labelled.glob("*.parquet"))}
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    if asked.ablation:
        show_ablation(sets | {"demo": demo(asked.customers, seeds[0])})
        return
    print(f"{'':<22}{'F1':>8}{'prec.':>8}{'recall':>8}{'B-cubed':>9}{'exact':>8}{'over':>7}{'blocking':>10}")
    for name, people in sets.items():
        print(line(name, judged(people)), flush=True)
    for seed in seeds:
        people = household_files.generate(HOUSEHOLDS, seed)
        report = judged(people, unique_sources=household_files.FILES)
        print(line(f"households, seed {seed}", report), flush=True)
    reports = []
    for seed in seeds:
        reports.append(judged(demo(asked.customers, seed)))
        print(line(f"demo, seed {seed}", reports[-1]), flush=True)
    scores = [report.clusters.f1 for report in reports]
    precisions = [report.clusters.precision for report in reports]
    print(f"demo: F1 {mean(scores):.4f} ({min(scores):.4f} to {max(scores):.4f}), "
          f"precision {mean(precisions):.4f} ({min(precisions):.4f} to {max(precisions):.4f})")  # fmt: skip


if __name__ == "__main__":
    main()
