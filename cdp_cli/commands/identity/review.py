"""`cdp identity review`: decide doubtful pairs, one key each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.commands.identity import _asking
from cdp_cli.commands.identity._options import by_option, decider, reason
from cdp_cli.config import Settings
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.evaluation.report import DecisionReport
from cdp_cli.identity.training.trained_model import Model
from cdp_cli.project import load_project
from cdp_cli.relations import Relations
from cdp_cli.stewardship import review as reviewing
from cdp_cli.stewardship import sampling
from cdp_cli.stewardship.deciding import store_answer
from cdp_cli.stewardship.questions import Question
from cdp_cli.stewardship.settings import identity_settings
from cdp_cli.warehouse import open_warehouse


@click.command("review")
@click.option("--limit", type=click.IntRange(min=1), help="Ask so many at most; printed, 1 unless given.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    help="Ask so many pairs drawn at random, joined ones too: what accuracy is estimated from.",
)
@click.option("--seed", type=int, default=sampling.SEED, help="Of the sample; the same seed goes on with it.")
@click.option("--progress", is_flag=True, help="Ask nothing, and print how right the build is so far.")
@click.option("--why", default="seen side by side", show_default=True, help="The reason stored with answers.")
@by_option
@json_option
@project_options
def review(
    settings: Settings,
    limit: int | None,
    sample: int | None,
    seed: int,
    progress: bool,
    why: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Answer doubtful pairs, the most consequential first: is this one person?

    Each answer is stored as soon as its key is pressed; the next build acts on it. Where there is no
    terminal, the next pair is printed and nothing is asked.

    \b
    Examples:
        cdp identity review
        cdp identity review --sample 60
        cdp identity review --progress --json
    """
    why = reason(why)
    bands = identity_settings(settings).bands
    if progress:
        _show_progress(settings, bands, as_json)
        return
    relations = load_project(settings).relations
    with open_warehouse(settings) as warehouse:
        model = reviewing.model_in_use(warehouse, relations)
        rows, done = (
            reviewing.sampled_pairs(warehouse, relations, sample, seed, bands)
            if sample
            else (reviewing.waiting_pairs(warehouse, relations), 0)
        )
    total = done + len(rows)
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    asked = rows[: limit or (len(rows) if interactive else 1)]
    if not interactive:
        shown = [found for _, found in _questions(settings, relations, asked, model)]
        _print(shown, done, total, as_json)
        return
    answers = 0
    for number, found in _questions(settings, relations, asked, model):
        _asking.show(found, f"{done + number:,} of {total:,}")
        answer = _asking.ask()
        if answer == "quit":
            break
        if answer != "skip":
            _store(settings, relations, found, answer, decider(by), why, "sample" if sample else "review")
            answers += 1
        click.echo()
    if not rows:
        console.say("Nothing waits for an answer.")
    if answers:
        console.say(
            f"{answers:,} answer{'' if answers == 1 else 's'} stored. The next `dbt build` acts on them."
        )
        _show_progress(settings, bands, as_json=False)


def _questions(
    settings: Settings, relations: Relations, rows: Sequence[dict[str, Any]], model: Model
) -> Iterator[tuple[int, Question]]:
    """Questions with their numbers, each read when its turn comes: a sample is read pair by pair."""
    for number, row in enumerate(rows, start=1):
        with open_warehouse(settings) as warehouse:
            found = reviewing.read_question(warehouse, relations, row, model)
        yield number, found


def _store(
    settings: Settings, relations: Relations, asked: Question, answer: str, by: str, why: str, origin: str
) -> None:
    with open_warehouse(settings, read_only=False) as warehouse:
        store_answer(
            warehouse, relations, asked.left_record_id, asked.right_record_id, answer, by, why, origin
        )


def _print(shown: Sequence[Question], done: int, total: int, as_json: bool) -> None:
    if as_json:
        console.document({"answered": done, "waiting": total - done, "questions": shown})
        return
    if not shown:
        console.say("Nothing waits for an answer.")
    for number, found in enumerate(shown, start=done + 1):
        _asking.show(found, f"{number:,} of {total:,}")
        console.say(
            f"Answer: cdp identity decide {console.literal(found.left_record_id)} "
            f"{console.literal(found.right_record_id)} --same|--different|--unsure --why ...\n"
        )


def _show_progress(settings: Settings, bands: Bands, as_json: bool) -> None:
    """How right the build is, as far as people looked: on what they decided, and by a sample."""
    relations = load_project(settings).relations
    with open_warehouse(settings) as warehouse:
        found = reviewing.progress(warehouse, relations, bands)
    if as_json:
        console.document(found)
        return
    _show_decided(found.decided, found.waiting)
    _show_estimates(found.sample)


def _show_decided(decided: DecisionReport, still: int) -> None:
    console.say(
        f"{decided.decided_same:,} pairs were decided the same, {decided.decided_different:,} different; "
        f"{still:,} wait."
    )
    if decided.decided_same + decided.decided_different:
        console.table(
            "On the decided pairs",
            ["", "precision", "recall"],
            [
                ("the score by itself", decided.pairs.precision, decided.pairs.recall),
                ("profiles as built", decided.clusters.precision, decided.clusters.recall),
            ],
        )


def _show_estimates(estimates: Sequence[sampling.BandEstimate]) -> None:
    if not any(estimate.judged for estimate in estimates):
        console.say(
            "Estimate the accuracy of all pairs from a random sample: cdp identity review --sample 60"
        )
        return
    names = {"auto": "pairs that join by themselves", "review": "pairs that wait"}
    console.table(
        "Estimated from the sample, with 95 % intervals",
        ["", "pairs", "judged", "one person", "from", "to", "covered"],
        [
            (
                names[found.band],
                found.pairs,
                found.judged,
                *(_share(share) for share in (found.precision, found.low, found.high, found.covered)),
            )
            for found in estimates
        ],
    )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
