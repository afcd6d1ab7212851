"""`cdp identity review`: decide doubtful pairs, one key each."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import click
import pyarrow.compute as pc

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.commands.identity import _asking
from cdp_cli.commands.identity._decisions import (
    add_decisions,
    by_option,
    decider,
    need_build,
    now,
    read_decisions,
    reason,
)
from cdp_cli.config import Settings
from cdp_cli.identity import sampling
from cdp_cli.identity.bands import DEFAULT
from cdp_cli.identity.decisions import decide, in_force
from cdp_cli.identity.explanation import pinned_model
from cdp_cli.identity.questions import Question, question, waiting
from cdp_cli.identity.report import DecisionReport, against_decisions
from cdp_cli.identity.training import Model
from cdp_cli.warehouse import Warehouse, open_warehouse

_PAIRS = (
    "select left_record_id, right_record_id, match_probability, veto from identity.identity_current_pairs "
    f"where match_probability >= {DEFAULT.review}"
)


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
    if progress:
        _show_progress(settings, as_json)
        return
    with open_warehouse(settings) as warehouse:
        need_build(warehouse, "identity_review")
        model = pinned_model(warehouse.arrow("select * from identity.identity_models"), ())
        rows, done = _sampled(warehouse, sample, seed) if sample else (_waiting(warehouse), 0)
    total = done + len(rows)
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    asked = rows[: limit or (len(rows) if interactive else 1)]
    if not interactive:
        shown = [found for _, found in _questions(settings, asked, model)]
        _print(shown, done, total, as_json)
        return
    answers = 0
    for number, found in _questions(settings, asked, model):
        _asking.show(found, f"{done + number:,} of {total:,}")
        answer = _asking.ask()
        if answer == "quit":
            break
        if answer != "skip":
            _store(settings, found, answer, decider(by), why, "sample" if sample else "review")
            answers += 1
        click.echo()
    if not rows:
        console.say("Nothing waits for an answer.")
    if answers:
        console.say(
            f"{answers:,} answer{'' if answers == 1 else 's'} stored. The next `dbt build` acts on them."
        )
        _show_progress(settings, as_json=False)


def _waiting(warehouse: Warehouse) -> list[dict[str, Any]]:
    decisions = read_decisions(warehouse)
    profiles: dict[str, str] = {}
    if decisions.num_rows:
        found = warehouse.rows("""
            select identity_map.record_id, identity_map.profile_id
            from identity.identity_map as identity_map
            inner join (
                select left_record_id as record_id from cdp.identity_decisions
                union
                select right_record_id as record_id from cdp.identity_decisions
            ) as decided
                on identity_map.record_id = decided.record_id
        """)
        profiles = {row["record_id"]: row["profile_id"] for row in found}
    return waiting(warehouse.arrow("select * from identity.identity_review"), decisions, profiles)


def _sampled(warehouse: Warehouse, count: int, seed: int) -> tuple[list[dict[str, Any]], int]:
    """What of a sample is still to be asked, and how much of it was answered."""
    drawn = sampling.draw(warehouse.arrow(f"{_PAIRS} and veto is null"), count, seed)
    answered = in_force(read_decisions(warehouse))
    still = [pair for pair in drawn if pair not in answered]
    rows = [{"left_record_id": left, "right_record_id": right} for left, right in still]
    return rows, len(drawn) - len(rows)


def _questions(
    settings: Settings, rows: Sequence[dict[str, Any]], model: Model
) -> Iterator[tuple[int, Question]]:
    """Questions with their numbers, each read when its turn comes: a sample is read pair by pair."""
    for number, row in enumerate(rows, start=1):
        two = [row["left_record_id"], row["right_record_id"]]
        with open_warehouse(settings) as warehouse:
            people = warehouse.rows("select * from unified.unified_people where record_id in (?, ?)", two)
            whole = row if "comparisons" in row else _pair(warehouse, *two)
        yield number, question(whole, people, model)


def _pair(warehouse: Warehouse, left: str, right: str) -> dict[str, Any]:
    """A pair in force as a row of identity_review."""
    row = warehouse.rows(
        "select * from identity.identity_current_pairs where left_record_id = ? and right_record_id = ?",
        [left, right],
    )[0]
    places = {
        place["record_id"]: place["profile_id"]
        for place in warehouse.rows(
            "select record_id, profile_id from identity.identity_map where record_id in (?, ?)", [left, right]
        )
    }
    size = warehouse.rows(
        "select count(*) as count_records from identity.identity_map where profile_id in (?, ?)",
        [places[left], places[right]],
    )[0]
    joined = places[left] == places[right]
    return {
        **row,
        **size,
        "left_profile_id": places[left],
        "right_profile_id": places[right],
        "reason": "drawn at random; " + ("one profile now" if joined else "two profiles now"),
    }


def _store(settings: Settings, asked: Question, answer: str, by: str, why: str, origin: str) -> None:
    with open_warehouse(settings, read_only=False) as warehouse:
        rows = decide(asked.left_record_id, asked.right_record_id, answer, by, why, now(), origin)
        add_decisions(warehouse, rows)


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


def _show_progress(settings: Settings, as_json: bool) -> None:
    """How right the build is, as far as people looked: on what they decided, and by a sample."""
    started = time.perf_counter()
    with open_warehouse(settings) as warehouse:
        need_build(warehouse, "identity_review")
        decisions = read_decisions(warehouse)
        profiles = warehouse.arrow("select record_id, profile_id from identity.identity_map")
        pairs = warehouse.arrow(_PAIRS)
        still = len(_waiting(warehouse))
    decided = against_decisions(profiles, pairs, decisions, time.perf_counter() - started)
    estimates = sampling.estimate(pairs.filter(pc.is_null(pairs.column("veto"))), decisions)
    if as_json:
        console.document({"waiting": still, "decided": decided, "sample": estimates})
        return
    _show_decided(decided, still)
    _show_estimates(estimates)


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
