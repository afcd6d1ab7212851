"""`cdp identity evaluate`: how well records become people."""

from __future__ import annotations

from pathlib import Path

import click
import pyarrow.parquet as pq

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.identity.evaluation.report import DecisionReport, Report
from cdp_cli.project import load_project
from cdp_cli.stewardship.identity_sql import identity_sql
from cdp_cli.stewardship.judging import judge_build, judge_people, read_people
from cdp_cli.stewardship.settings import identity_settings
from cdp_cli.warehouse import open_warehouse


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
    bands = identity_settings(settings).bands
    if records is None:
        relations = load_project(settings).relations
        with open_warehouse(settings) as warehouse:
            report, profiles = judge_build(warehouse, relations, bands)
    else:
        sources = [source.strip() for source in unique_sources.split(",") if source.strip()]
        people = read_people(records, truth, sources)
        with console.progress("Resolving"):
            report, profiles = judge_people(people, identity_sql(settings), truth, sources, bands)
    if profiles_out is not None:
        pq.write_table(profiles.sort_by("record_id"), profiles_out)
    if as_json:
        console.document(report)
    else:
        _show(report)


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
