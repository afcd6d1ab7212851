"""`cdp profile show`: one person, and where each value came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.profiles import Choice, Finding, Profile, find_profiles, read_profile
from cdp_cli.project import load_project
from cdp_cli.warehouse import open_warehouse

_LOST_BY = {
    "junk": "[junk]",
    "shared": "[shared in the household]",
    "group": "[the winning record of its group has none]",
    "same": "",
    "rank": "",
}


@click.command("show")
@click.argument("who", metavar="ID|EMAIL|PHONE")
@project_options
@json_option
def show(settings: Settings, who: str, as_json: bool) -> None:
    """Show the golden record of a person and what it is made of.

    WHO is a profile id (also a retired one), an e-mail, a phone, an account or card number, or a record
    id. If several profiles share it, they are listed.

    \b
    Examples:
        cdp profile show ann@example.com
        cdp profile show +447700900123 --json
    """
    relations = load_project(settings).relations
    with open_warehouse(settings) as warehouse:
        found = find_profiles(warehouse, relations, who)
        profile = (
            read_profile(warehouse, relations, found.matches[0].profile_id)
            if len(found.matches) == 1
            else None
        )
    if as_json:
        console.document(
            {
                "found_by": found.found_by,
                "retired_id": found.retired_id,
                "matches": found.matches,
                "profile": profile,
            }
        )
        return
    if found.retired_id is not None:
        successors = ", ".join(match.profile_id for match in found.matches)
        console.note(
            f"{console.literal(found.retired_id)} is retired; it is now {console.literal(successors)}."
        )
    if profile is None:
        _show_matches(found)
    else:
        _show_profile(profile)


def _show_matches(found: Finding) -> None:
    _table(
        f"{len(found.matches)} profiles have this {found.found_by}; show one by its id",
        ["profile_id", "name", "e-mail", "phone", "sources"],
        ((m.profile_id, m.full_name, m.email, m.phone, m.sources) for m in found.matches),
    )


def _show_profile(profile: Profile) -> None:
    golden = profile.golden
    name = golden.get("full_name") or ("Anonymous visitor" if golden.get("is_anonymous") else "No name known")
    console.say(f"[bold]{console.literal(name)}[/bold]  {console.literal(profile.profile_id)}")
    console.say(
        f"{_count(golden.get('count_records'), 'record')} from {console.literal(golden.get('sources'))}, "
        f"seen {_day(golden.get('first_seen_at'))} to {_day(golden.get('last_seen_at'))}"
    )
    console.say()
    _table(
        "Golden record",
        ["attribute", "value", "from record", "changed", "lost"],
        (_golden_row(choice) for choice in profile.provenance),
    )
    _rows("Records", profile.records, ["record_id", "source", "created_at", "updated_at"])
    _rows(
        "Identifiers",
        profile.identifiers,
        [
            "identifier_type",
            "identifier_value",
            "identifier_class",
            "sources",
            "count_records",
            "last_seen_at",
        ],
    )
    _rows(
        "Consent",
        profile.consents,
        ["purpose", "state", "legal_basis", "source", "record_id", "captured_at"],
        "Nobody spoke of consent, so nothing may be sent.",
    )
    _rows("Stopped", profile.suppressions, ["channel", "kind", "since"], "No channel is stopped.")
    _rows("Segments", profile.segments, ["segment", "entered_at"], "In no segment.")
    _rows(
        "Sent where",
        profile.deliveries,
        ["sync", "operation", "outcome", "reason", "occurred_at", "retired_id"],
        "Nothing was sent or blocked.",
    )
    _rows(
        f"Latest {len(profile.timeline)} activities",
        profile.timeline,
        ["occurred_at", "activity_type", "channel", "subject", "amount", "source", "record_id"],
        "No activity.",
    )


def _golden_row(choice: Choice) -> tuple[object, ...]:
    same = sum(1 for loser in choice.losers if loser.lost_by == "same")
    lost: dict[str, list[str]] = {}
    for loser in choice.losers:
        if loser.lost_by != "same":
            why = _LOST_BY[loser.lost_by or "rank"]
            lost.setdefault(loser.value, []).append(f"{loser.record_id} {why}".strip())
    told = [f"{value} ({', '.join(records)})" for value, records in lost.items()]
    if same:
        told.insert(0, f"{_count(same, 'record')} with the same value")
    winner = choice.winner
    if winner is None:
        return (choice.attribute, None, None, None, "; ".join(told))
    return (choice.attribute, winner.value, winner.record_id, _day(winner.updated_at), "; ".join(told))


def _rows(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str = "") -> None:
    if rows:
        _table(
            title, [name.replace("_", " ") for name in columns], ([row[c] for c in columns] for row in rows)
        )
    elif empty:
        console.say(f"{empty}\n")


def _table(title: str, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    console.table(title, columns, [[_shown(value) for value in row] for row in rows])


def _shown(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    # Numbers stay numbers, so that they are aligned as such.
    return value if value is None or isinstance(value, (int, float)) else console.literal(value)


def _day(moment: dt.datetime | None) -> str:
    return moment.strftime("%Y-%m-%d") if moment else "-"


def _count(number: int | None, noun: str) -> str:
    return f"{number or 0:,} {noun}{'' if number == 1 else 's'}"
