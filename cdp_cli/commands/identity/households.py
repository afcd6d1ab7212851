"""`cdp identity households`: who lives together, and why."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.profiles import Group, Household, Households, Member, Tie, read_household, read_households
from cdp_cli.project import load_project
from cdp_cli.warehouse import open_warehouse


@click.command("households")
@click.argument("who", metavar="[PROFILE]", required=False)
@click.option(
    "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Rows of each list at most."
)
@json_option
@project_options
def households(settings: Settings, who: str | None, limit: int, as_json: bool) -> None:
    """Print how many households there are, or who lives together with somebody.

    PROFILE is a profile id (also a retired one), an e-mail, a phone, an account or card number, a record id,
    or a household id.

    \b
    Examples:
        cdp identity households
        cdp identity households ann@example.com --json
    """
    relations = load_project(settings).relations
    with open_warehouse(settings) as warehouse:
        found = (
            read_households(warehouse, relations, limit)
            if who is None
            else read_household(warehouse, relations, who)
        )
    if as_json:
        console.document(found)
    elif isinstance(found, Households):
        _show_all(found)
    else:
        _show_one(found)


def _show_all(found: Households) -> None:
    console.say(
        f"{found.people:,} people live in {found.households:,} households. "
        f"Of {found.elsewhere:,} more, nothing says where they live."
    )
    if found.last_change_at is not None:
        reasons = ", ".join(f"{people:,} {reason}" for reason, people in found.changes.items())
        console.say(f"The last run that changed any ({found.last_change_at:%Y-%m-%d %H:%M}): {reasons}.\n")
    if found.sizes:
        console.table(
            "People of a household", ["people", "households"], [(s.people, s.households) for s in found.sizes]
        )
    if found.largest:
        console.table(
            "The largest households",
            ["household", "people", "address"],
            [(group.group_id, group.people, _address(group)) for group in found.largest],
        )
    if found.crowds:
        console.table(
            f"{found.count_crowds:,} addresses with too many people for one household; each stands alone",
            ["people", "address"],
            [(group.people, _address(group)) for group in found.crowds],
        )


def _show_one(found: Household) -> None:
    if found.retired_id is not None:
        console.note(
            f"{console.literal(found.retired_id)} is retired; it is now {console.literal(found.profile_id)}."
        )
    if found.household_id is None:
        console.say(_NOWHERE[found.is_anonymous].format(profile_id=console.literal(found.profile_id)))
        return
    people = "1 person" if len(found.members) == 1 else f"{len(found.members):,} people"
    console.say(f"[bold]{console.literal(found.household_id)}[/bold]: {people}\n")
    console.table(
        "People",
        ["profile", "name", "address", "phone", "since"],
        [
            (member.profile_id, _text(member.full_name), _home(member), _text(member.phone),
             f"{member.since:%Y-%m-%d}")
            for member in found.members
        ],
    )  # fmt: skip
    if found.ties:
        console.table("Why together", ["one", "other", "in common"], _ties(found.members, found.ties))
    if found.crowd:
        console.say(
            f"{found.crowd:,} people are tied to this address: too many for a household, so each stands "
            "alone. The var `household_max_people` in dbt_project.yml is the limit."
        )


_NOWHERE = {
    True: "{profile_id} is an anonymous visitor, and lives in no household.",
    False: "Nothing says where {profile_id} lives: no source gives a street, and no phone, e-mail or device "
    "of this person is used at one address only.",
}


def _ties(members: Sequence[Member], ties: Sequence[Tie]) -> list[tuple[object, ...]]:
    names = {member.profile_id: member.full_name or member.profile_id for member in members}
    return [
        (
            console.literal(names[tie.left_profile_id]),
            console.literal(names[tie.right_profile_id]),
            console.literal(f"{tie.tie.replace('_', ' ')} {_values(tie)}"),
        )
        for tie in ties
    ]


def _values(tie: Tie) -> str:
    return tie.left_value if tie.left_value == tie.right_value else f"{tie.left_value} ~ {tie.right_value}"


def _text(value: str | None) -> str | None:
    return None if value is None else console.literal(value)


def _address(group: Group) -> str | None:
    return _text(", ".join(part for part in (group.street, group.postcode, group.city) if part) or None)


def _home(member: Member) -> str | None:
    parts = (member.street_address, member.postcode, member.city)
    return _text(", ".join(part for part in parts if part) or None)
