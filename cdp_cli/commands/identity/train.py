"""`cdp identity train`: a new model on the present records, and what it would change."""

from __future__ import annotations

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.project import load_project
from cdp_cli.stewardship.models import (
    accept_model,
    read_training_input,
    restore_model,
    train_anew,
)
from cdp_cli.stewardship.retraining import Retraining
from cdp_cli.stewardship.settings import identity_settings
from cdp_cli.stewardship.verdict import LevelReport
from cdp_cli.warehouse import open_warehouse


@click.command("train")
@click.option(
    "--accept", is_flag=True, help="Store the new model: the next build uses it, whatever the verdict."
)
@click.option("--restore", metavar="VERSION", help="Go back to an earlier model of identity_models.")
@json_option
@project_options
def train(settings: Settings, accept: bool, restore: str | None, as_json: bool) -> None:
    """Train a new model on the records as they are, and report what it would change.

    Nothing is stored without --accept. Ids stay: the next build carries them over, and logs each merge and
    split.

    \b
    Examples:
        cdp identity train
        cdp identity train --accept
        cdp identity train --restore m215ae3ff345d
    """
    if restore is not None:
        _restore(settings, restore, as_json)
        return
    relations = load_project(settings).relations
    identity = identity_settings(settings)
    with open_warehouse(settings) as warehouse:
        given = read_training_input(warehouse, relations)
    with console.progress("Training"):
        model, report = train_anew(given, identity)
    if accept:
        with open_warehouse(settings, read_only=False) as warehouse:
            version = accept_model(warehouse, relations, model)
    if as_json:
        console.document(report)
        return
    _show(report)
    if accept:
        console.say(f"Stored as {version}: the next `dbt build` scores all pairs with it.")


def _restore(settings: Settings, version: str, as_json: bool) -> None:
    relations = load_project(settings).relations
    with open_warehouse(settings, read_only=False) as warehouse:
        stored = restore_model(warehouse, relations, version)
    if as_json:
        console.document({"version": stored})
    else:
        console.say(f"Stored as {stored}: the next `dbt build` scores all pairs with it.")


def _show(report: Retraining) -> None:
    console.say(f"[bold]{report.verdict}[/bold]: {console.literal(report.why)}\n")
    console.table(
        f"Model {report.version}, beside {report.pinned_version} of {report.pinned_trained_at:%Y-%m-%d}",
        ["comparison", "level", "weight", "before", "m", "before", "u", "before", "pairs seen"],
        [_row(level) for level in report.levels],
    )
    state = "converged" if report.converged else "did not converge"
    console.say(
        f"{report.records:,} records; training {state} in {report.rounds} rounds (last change "
        f"{report.change:.1g}). Two records at random are one person with {report.prior:.2g} "
        f"({report.pinned_prior:.2g} before)."
    )
    if report.never_seen:
        levels = "; ".join(report.never_seen).replace("_", " ")
        console.say(f"Never seen, so the prior stands: {console.literal(levels)}.")
    if report.decided is not None:
        console.say(
            f"On {report.decided.pairs:,} decided pairs: F1 {report.decided.new_f1:.3f}, "
            f"{report.decided.pinned_f1:.3f} before."
        )
    people = report.people
    console.say(
        f"{people.moved_records:,} of {people.records:,} records would move; of {people.profiles:,} profiles "
        f"{people.merged:,} would merge into others and {people.split:,} split, {people.profiles_after:,} "
        "would be left."
    )
    if people.largest:
        console.say()
        console.table(
            "The largest that would change",
            ["profile", "", "records", "with"],
            [(p.profile_id, p.kind, p.count_records, p.other_profile_id) for p in people.largest],
        )
    console.say(f"{report.seconds:.1f} s.")


def _row(level: LevelReport) -> tuple[object, ...]:
    return (
        level.comparison.replace("_", " "),
        level.level,
        *(None if value is None else f"{value:+.2f}" for value in (level.weight, level.pinned_weight)),
        *(
            None if value is None else f"{value:.2g}"
            for value in (level.m, level.pinned_m, level.u, level.pinned_u)
        ),
        level.pairs,
    )
