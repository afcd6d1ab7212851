"""`cdp identity evaluate`: how well records become people."""

from __future__ import annotations

import time
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.errors import FixInput, FixModel
from cdp_cli.identity.report import (
    EVIDENCE,
    DecisionReport,
    Report,
    against_decisions,
    against_truth,
    keys_compared,
)
from cdp_cli.identity.resolve import resolve
from cdp_cli.warehouse import Warehouse, open_warehouse


@click.command("evaluate")
@click.option(
    "--records",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Resolve this Parquet file of person records in memory, instead of judging what was built.",
)
@click.option(
    "--truth", default="person_id", show_default=True, help="The file's column with the true person."
)
@click.option(
    "--unique-sources", default="", help="Sources of the file that hold each person once, by comma."
)
@click.option(
    "--profiles-out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write record_id and profile_id to this Parquet file.",
)
@json_option
@project_options
def evaluate(
    settings: Settings,
    records: Path | None,
    truth: str,
    unique_sources: str,
    profiles_out: Path | None,
    as_json: bool,
) -> None:
    """Print precision, recall and F1 of pairs and of profiles.

    What was built is judged against the demo's truth, or against your decisions where there is no truth.

    \b
    Examples:
        cdp identity evaluate
        cdp identity evaluate --records people.parquet --truth person_id
    """
    if records is None:
        with open_warehouse(settings) as warehouse:
            report, profiles = _built(warehouse)
    else:
        sources = [source.strip() for source in unique_sources.split(",") if source.strip()]
        report, profiles = _from_file(settings, records, truth, sources)
    if profiles_out is not None:
        pq.write_table(profiles.sort_by("record_id"), profiles_out)
    if as_json:
        console.document(report)
    else:
        _show(report)


def _built(warehouse: Warehouse) -> tuple[Report | DecisionReport, pa.Table]:
    if not warehouse.exists("identity", "identity_map"):
        raise FixModel(
            "The warehouse has no table identity.identity_map.", "Run `dbt build`, then evaluate again."
        )
    started = time.perf_counter()
    profiles = warehouse.arrow("select record_id, profile_id from identity.identity_map")
    pairs = warehouse.arrow(
        "select left_record_id, right_record_id, match_probability, veto from identity.identity_current_pairs"
    )
    if warehouse.exists("truth", "records"):
        records = warehouse.arrow(f"select record_id, {', '.join(EVIDENCE)} from identity.identity_records")
        truth = warehouse.arrow("select record_id, person_id from truth.records")
        keys = warehouse.arrow(keys_compared("identity."))
        seconds = time.perf_counter() - started
        return against_truth(records, profiles, pairs, keys, truth, seconds), profiles
    decisions = warehouse.arrow("select * from cdp.identity_decisions")
    if not decisions.num_rows:
        raise FixInput(
            "There is neither a table truth.records nor a row in cdp.identity_decisions to judge by.",
            "Decide some pairs of identity.identity_review with `cdp identity decide`, or evaluate labelled "
            "records with --records.",
        )
    return against_decisions(profiles, pairs, decisions, time.perf_counter() - started), profiles


def _from_file(
    settings: Settings, path: Path, truth: str, unique_sources: list[str]
) -> tuple[Report, pa.Table]:
    people = _read(path, truth, unique_sources)
    started = time.perf_counter()
    with console.progress("Resolving"):
        found = resolve(people, settings.project_dir, unique_sources=unique_sources)
    seconds = time.perf_counter() - started
    profiles = found.assigned.select(["record_id", "profile_id"])
    known = pa.table(
        {"record_id": people.column("record_id").cast(pa.string()), "person_id": people.column(truth)}
    )
    return against_truth(found.records, profiles, found.pairs, found.keys, known, seconds), profiles


def _read(path: Path, truth: str, unique_sources: list[str]) -> pa.Table:
    if not path.is_file():
        raise FixInput(f"There is no file {path}.", "Name a Parquet file of person records with --records.")
    try:
        people = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FixInput(
            f"{path} is not a Parquet file that can be read.", "Write it again as Parquet."
        ) from error
    if "source" not in people.column_names:
        people = people.append_column("source", pa.array(["file"] * people.num_rows, pa.string()))
    for column, use in (("record_id", "the key of a record"), (truth, "the true person (--truth names it)")):
        if column not in people.column_names:
            raise FixInput(
                f"{path} has no column {column}, {use}.", "Add it, or rename the one that holds it."
            )
    ids = people.column("record_id")
    if ids.null_count or len(ids.unique()) < len(ids):
        raise FixInput(
            f"{path} has rows that share a record_id, or have none.", "Give each row a record_id of its own."
        )
    missing = sorted(set(unique_sources) - set(people.column("source").unique().to_pylist()))
    if missing:
        raise FixInput(
            f"{path} has no rows of the source {missing[0]}, which --unique-sources names.",
            "Name sources as the column source has them.",
        )
    return people


def _show(report: Report | DecisionReport) -> None:
    rows: list[tuple[object, ...]] = [
        (name, figures.precision, figures.recall, figures.f1)
        for name, figures in (("pairs", report.pairs), ("profiles", report.clusters))
    ]
    console.table(f"Judged by {report.judged_by}", ["", "precision", "recall", "F1"], rows)
    if isinstance(report, Report):
        clusters = report.clusters
        console.say(
            f"B-cubed {clusters.b_cubed:.3f}; {clusters.exact_share:.1%} of people are exactly right; "
            f"{clusters.over_merged:,} profiles hold several people."
        )
        console.say(f"Blocking puts {report.blocking_recall:.1%} of the pairs of one person to the test.")
        console.say(
            f"{report.records:,} records of {report.people:,} people; {report.without_evidence:,} more carry "
            f"nothing to link by (with them F1 is {report.with_all_records.f1:.3f})."
        )
    else:
        console.say(
            f"{report.decided_same:,} pairs were decided the same, {report.decided_different:,} different."
        )
    console.say(f"{report.seconds:.1f} s, {report.peak_memory_mb:,.0f} MB at most.")
