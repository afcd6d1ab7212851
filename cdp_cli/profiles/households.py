"""Reads households: how many there are and of which size, and who lives in one, with the reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdp_cli.errors import FixInput, FixModel
from cdp_cli.profiles.finding import find_profiles
from cdp_cli.relations import Relations
from cdp_cli.warehouse import Warehouse


@dataclass(frozen=True)
class Size:
    """How many households have so many people."""

    people: int
    households: int


@dataclass(frozen=True)
class Group:
    """People at one address; `group_id` is the household's, or null where there are too many for one."""

    group_id: str | None
    people: int
    street: str | None
    city: str | None
    postcode: str | None


@dataclass(frozen=True)
class Households:
    """All households now. `elsewhere` are named people of whom nothing says where they live.

    `crowds` are groups over the limit, whose people stand alone; `changes` counts the people whose household
    the last run that changed any changed, by reason.
    """

    households: int
    people: int
    elsewhere: int
    sizes: tuple[Size, ...]
    largest: tuple[Group, ...]
    crowds: tuple[Group, ...]
    count_crowds: int
    last_change_at: dt.datetime | None
    changes: dict[str, int]


@dataclass(frozen=True)
class Member:
    """One person of a household, since when, and the golden address and phone."""

    profile_id: str
    full_name: str | None
    street_address: str | None
    postcode: str | None
    city: str | None
    phone: str | None
    since: dt.datetime
    reason: str


@dataclass(frozen=True)
class Tie:
    """What two people have in common at one address."""

    left_profile_id: str
    right_profile_id: str
    tie: str
    left_value: str
    right_value: str


@dataclass(frozen=True)
class Household:
    """The household that somebody lives in; without one, `household_id` is null and `members` empty.

    `retired_id` is set where the profile id asked for was merged away; `crowd` counts the people of a group
    that is too large to be a household.
    """

    profile_id: str | None
    retired_id: str | None
    is_anonymous: bool
    household_id: str | None
    members: tuple[Member, ...]
    ties: tuple[Tie, ...]
    crowd: int


def read_households(warehouse: Warehouse, relations: Relations, limit: int) -> Households:
    """All households, with at most `limit` of the largest and of those over the limit of people.

    Raises FixModel where households were not built yet.
    """
    _need_build(warehouse, relations)
    sizes = warehouse.rows(f"""
        select people, count(*) as households
        from (
            select count(*) as people from {relations.ref("household_map")} group by household_id
        ) as households
        group by people
        order by people
    """)
    largest = warehouse.rows(f"""
        select
            map.household_id as group_id, count(*) as people,
            min(homes.street) as street, min(homes.city) as city, min(homes.postcode) as postcode
        from {relations.ref("household_map")} as map
        left join {relations.ref("household_homes")} as homes on map.profile_id = homes.profile_id
        group by map.household_id
        having count(*) > 1
        order by people desc, group_id
        limit {limit}
    """)
    crowds = warehouse.rows(f"""
        select
            cast(null as varchar) as group_id, count(*) as people,
            min(homes.street) as street, min(homes.city) as city, min(homes.postcode) as postcode
        from {relations.ref("household_groups")} as living
        left join {relations.ref("household_homes")} as homes on living.profile_id = homes.profile_id
        where living.crowd_id is not null
        group by living.crowd_id
        order by people desc, living.crowd_id
    """)
    elsewhere = warehouse.rows(f"""
        select count(*) as people
        from {relations.ref("profiles")}
        where household_id is null and not is_anonymous
    """)
    changes = warehouse.rows(f"""
        select assigned_at, reason, count(*) as people
        from {relations.ref("household_assignments")}
        where assigned_at = (select max(assigned_at) from {relations.ref("household_assignments")})
        group by assigned_at, reason
        order by reason
    """)
    return Households(
        households=sum(row["households"] for row in sizes),
        people=sum(row["people"] * row["households"] for row in sizes),
        elsewhere=elsewhere[0]["people"],
        sizes=tuple(Size(**row) for row in sizes),
        largest=tuple(Group(**row) for row in largest),
        crowds=tuple(Group(**row) for row in crowds[:limit]),
        count_crowds=len(crowds),
        last_change_at=changes[0]["assigned_at"] if changes else None,
        changes={row["reason"]: row["people"] for row in changes},
    )


def read_household(warehouse: Warehouse, relations: Relations, asked: str) -> Household:
    """The household that `asked` means: its own id, or whatever `find_profiles` takes for one person.

    Raises FixModel where households were not built yet, FixInput where it means nobody, several people, or a
    household that is no more.
    """
    _need_build(warehouse, relations)
    text = asked.strip()
    members = _members(warehouse, relations, text)
    if members:
        return Household(None, None, False, text, members, _ties(warehouse, relations, members), 0)
    known = warehouse.rows(
        f"select max(assigned_at) as last_at from {relations.ref('household_assignments')} "
        "where household_id = ?",
        [text],
    )[0]
    if known["last_at"] is not None:
        raise FixInput(
            f"Nobody lives in the household {text!r} any more.",
            f"Its history is in {relations.ref('household_assignments').name}.",
        )
    finding = find_profiles(warehouse, relations, text)
    if len(finding.matches) > 1:
        raise FixInput(
            f"{len(finding.matches)} profiles have this {finding.found_by}.",
            "Name a profile by its id; `cdp profile show` lists them.",
        )
    profile_id = finding.matches[0].profile_id
    profile = warehouse.rows(
        f"select household_id, is_anonymous from {relations.ref('profiles')} where profile_id = ?",
        [profile_id],
    )[0]
    household_id = profile["household_id"]
    members = _members(warehouse, relations, household_id) if household_id else ()
    return Household(
        profile_id=profile_id,
        retired_id=finding.retired_id,
        is_anonymous=profile["is_anonymous"],
        household_id=household_id,
        members=members,
        ties=_ties(warehouse, relations, members),
        crowd=_crowd(warehouse, relations, profile_id),
    )


def _need_build(warehouse: Warehouse, relations: Relations) -> None:
    for relation in (relations.ref("household_map"), relations.ref("profiles")):
        if not warehouse.exists(*relation):
            raise FixModel(f"The warehouse has no table {relation.name}.", "Run `dbt build` first.")


def _members(warehouse: Warehouse, relations: Relations, household_id: str) -> tuple[Member, ...]:
    there = warehouse.columns(*relations.ref("profiles"))
    # A project may have taken a column out of its golden profile.
    wanted = ("full_name", "street_address", "postcode", "city", "phone")
    columns = ", ".join(f"profiles.{name}" if name in there else f"null as {name}" for name in wanted)
    rows = warehouse.rows(
        f"""
        select log.profile_id, {columns}, log.assigned_at as since, log.reason
        from {relations.ref("household_map")} as map
        inner join {relations.ref("household_assignments")} as log
            on map.profile_id = log.profile_id and map.household_id = log.household_id
        inner join (
            select profile_id, max(assigned_at) as assigned_at
            from {relations.ref("household_assignments")}
            group by profile_id
        ) as latest
            on log.profile_id = latest.profile_id and log.assigned_at = latest.assigned_at
        left join {relations.ref("profiles")} as profiles on map.profile_id = profiles.profile_id
        where map.household_id = ?
        order by log.profile_id
        """,
        [household_id],
    )
    return tuple(Member(**row) for row in rows)


def _ties(warehouse: Warehouse, relations: Relations, members: Sequence[Member]) -> tuple[Tie, ...]:
    if len(members) < 2:
        return ()
    ids: list[Any] = [member.profile_id for member in members]
    marks = ", ".join("?" for _ in ids)
    rows = warehouse.rows(
        f"""
        select left_profile_id, right_profile_id, tie, left_value, right_value
        from {relations.ref("household_ties")}
        where left_profile_id in ({marks}) and right_profile_id in ({marks})
        order by left_profile_id, right_profile_id, tie, left_value, right_value
        """,
        [*ids, *ids],
    )
    return tuple(Tie(**row) for row in rows)


def _crowd(warehouse: Warehouse, relations: Relations, profile_id: str) -> int:
    rows = warehouse.rows(
        f"""
        select count(*) as people
        from {relations.ref("household_groups")}
        where crowd_id in (select crowd_id from {relations.ref("household_groups")} where profile_id = ?)
        """,
        [profile_id],
    )
    return int(rows[0]["people"])
