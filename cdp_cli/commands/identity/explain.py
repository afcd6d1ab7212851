"""`cdp identity explain`: why two records are one person, or why they are not."""

from __future__ import annotations

from pathlib import Path

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.errors import FixInput
from cdp_cli.project import load_project
from cdp_cli.stewardship.explaining import explain_two
from cdp_cli.stewardship.explanation import Explanation, Link
from cdp_cli.stewardship.finding import Found
from cdp_cli.stewardship.html_report import html_report
from cdp_cli.stewardship.settings import identity_settings
from cdp_cli.stewardship.waterfall import UNKNOWN
from cdp_cli.warehouse import open_warehouse

_BAR = 20
_MOST_RULES = 8


@click.command("explain")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an HTML page to this file. It holds personal data.",
)
@json_option
@project_options
def explain(settings: Settings, one: str, other: str, html: Path | None, as_json: bool) -> None:
    """Explain why two records are one person, or why they are not.

    A and B are record ids, profile ids (also retired ones) or e-mails. Of a profile or an e-mail, the
    records with the strongest pair between the two sides are explained.

    \b
    Examples:
        cdp identity explain crm_contact:17 shop_customer:4
        cdp identity explain ann@example.com p_0a1b2c3d4e5f60718293 --html ann.html
    """
    relations = load_project(settings).relations
    bands = identity_settings(settings).bands
    with open_warehouse(settings) as warehouse:
        explained = explain_two(warehouse, relations, one, other, settings, bands)
    found = explained.explanation
    if html is not None:
        _write(html, html_report(found))
        console.note(f"Wrote {console.literal(html)}. It holds personal data.")
    if as_json:
        console.document(found)
        return
    for side, asked in zip(explained.sides, (one, other), strict=True):
        _note(side, asked)
    if html is None:
        _show(found)
    else:
        console.say(console.literal(found.verdict))


def _write(path: Path, page: str) -> None:
    try:
        # Nobody else on this machine is to read it.
        path.touch(mode=0o600)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise FixInput(f"{path} cannot be written.", "Name a file in a folder that is there.") from error


def _note(side: Found, asked: str) -> None:
    if side.retired_id is not None:
        console.note(
            f"{console.literal(side.retired_id)} is retired; it is now {console.literal(side.profile_id)}."
        )
    elif side.found_by != "record id":
        records = f"{len(side.record_ids):,} record{'' if len(side.record_ids) == 1 else 's'}"
        console.note(
            f"{console.literal(asked)} is a {side.found_by} of {records}; the strongest pair is shown."
        )


def _show(found: Explanation) -> None:
    console.say(f"[bold]{console.literal(found.verdict)}[/bold]")
    for record, profile in (
        (found.left_record_id, found.left_profile_id),
        (found.right_record_id, found.right_profile_id),
    ):
        console.say(f"  {console.literal(record)}  in {console.literal(profile)}")
    for reason in found.reasons:
        console.say(f"- {console.literal(reason.text)}")
    console.say()
    for number, link in enumerate(found.path, start=1):
        _show_link(link, f"Pair {number} of {len(found.path)}")
    if len(found.path) != 1:
        _show_link(found.link, "The two themselves" + (", scored now" if found.link.scored_now else ""))
    if found.link.scored_now and not found.joined:
        _show_blocking(found)


def _show_link(link: Link, title: str) -> None:
    console.say(f"[bold]{title}[/bold]: {console.literal(link.standing)}")
    if link.decision is not None:
        console.say(f"  {console.literal(link.decision)}")
    if link.veto_why is not None:
        console.say(f"  {console.literal(link.veto_why)}")
    console.table(
        "",
        ["", console.literal(link.left_record_id), console.literal(link.right_record_id), ""],
        [
            (
                value.attribute.replace("_", " "),
                console.literal(value.left),
                console.literal(value.right),
                "" if value.same is None else "same" if value.same else "differs",
            )
            for value in link.values
        ],
    )
    if link.waterfall is None:
        console.say("  Nothing in common could be compared, so there is no score.\n")
        return
    rows: list[tuple[object, ...]] = []
    fall = link.waterfall
    if fall.prior is not None:
        rows.append(("before comparing", "two records at random", f"{fall.prior:+.2f}", _bar(fall.prior)))
    for part in (part for part in fall.parts if part.level != UNKNOWN):
        rows.append((part.comparison.replace("_", " "), part.level, f"{part.weight:+.2f}", _bar(part.weight)))
        if part.frequency_weight:
            rows.append(
                ("", "how rare that value is", f"{part.frequency_weight:+.2f}", _bar(part.frequency_weight))
            )
    if fall.rule is not None and fall.rule_weight is not None:
        rows.append(
            (f"rule {fall.rule}", fall.rule_why, f">= {fall.rule_weight:.2f}", _bar(fall.rule_weight))
        )
    rows.append(("total", f"probability {fall.probability:.4f}", f"{fall.total:+.2f}", _bar(fall.total)))
    console.table("", ["comparison", "level", "weight", ""], rows)
    unknown = [part.comparison.replace("_", " ") for part in fall.parts if part.level == UNKNOWN]
    if unknown:
        console.say(f"Not known of both, so neither for nor against: {', '.join(unknown)}.\n")


def _bar(weight: float) -> str:
    """A bar of a character a bit, for and against."""
    length = min(_BAR, round(abs(weight)))
    return ("+" if weight > 0 else "-") * length


def _show_blocking(found: Explanation) -> None:
    if found.shared:
        console.table(
            "Identifiers in common, which join nobody",
            ["type", "value", "class", "why"],
            [
                (
                    shared.identifier_type,
                    console.literal(shared.value),
                    shared.identifier_class,
                    shared.reason,
                )
                for shared in found.shared
            ],
        )
    if found.compared or not found.blocking:
        return
    shown = [rule for rule in found.blocking if rule.left_key is not None and rule.right_key is not None]
    lacking = sorted(rule.name for rule in found.blocking if rule not in shown)
    console.table(
        "Blocking rules that would have had to agree, the nearest first",
        ["rule", "key of the first", "key of the second", "likeness", ""],
        [
            (
                rule.name,
                console.literal(rule.left_key),
                console.literal(rule.right_key),
                rule.likeness,
                f"skipped: {rule.count_records:,} records" if rule.skipped else "",
            )
            for rule in shown[:_MOST_RULES]
        ],
    )
    if lacking:
        console.say(f"One of the two has nothing for: {', '.join(lacking)}.")
