"""From what one has of a person (an id, an address, a number) to the profiles that it means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cdp_cli.errors import FixInput, FixModel
from cdp_cli.relations import Relations
from cdp_cli.warehouse import Warehouse

# Fewer digits than these would match the end of many numbers.
_ENOUGH_DIGITS = 7


@dataclass(frozen=True)
class Match:
    """A profile in one line, for choosing among several."""

    profile_id: str
    full_name: str | None
    email: str | None
    phone: str | None
    sources: str | None


@dataclass(frozen=True)
class Finding:
    """Which profiles were meant, and by what they were found: `profile id`, `email`, `record id`, ...

    `retired_id` is set where the id asked for was merged away and resolves to its successor.
    """

    found_by: str
    retired_id: str | None
    matches: tuple[Match, ...]


def find_profiles(warehouse: Warehouse, relations: Relations, asked: str) -> Finding:
    """The profiles that `asked` means: a profile id, a retired one, a record id, or any identifier.

    E-mails are compared in lower case; phones by their digits, also without the country's prefix.

    Raises FixModel where profiles were not built yet, FixInput where nobody is known by it.
    """
    if not warehouse.exists(*relations.ref("profiles")):
        raise FixModel(
            f"There is no table {relations.ref('profiles').name} yet.", "Run `cdp run` or `dbt build` first."
        )
    text = asked.strip()
    found = _matches(warehouse, relations, [text])
    if found:
        return Finding("profile id", None, found)
    successors = _successors(warehouse, relations, text)
    found = _matches(warehouse, relations, successors)
    if found:
        return Finding("profile id", text, found)
    found_by, profile_ids = _by_identifier(warehouse, relations, text)
    found = _matches(warehouse, relations, profile_ids)
    if found:
        return Finding(found_by, None, found)
    of_record = _of_record(warehouse, relations, text)
    found = _matches(warehouse, relations, of_record)
    if found:
        return Finding("record id", None, found)
    if _has_expired(warehouse, relations, [text, *successors, *of_record]):
        raise FixInput(
            "That profile was an anonymous visitor, and has expired.",
            "Raise the var `anonymous_profile_days` in dbt_project.yml to keep such visitors longer.",
        )
    raise FixInput(
        "No profile is known by that id, e-mail or phone.",
        "Check it, give a phone with its country's prefix (+44...), or build again if the person is new.",
    )


def _by_identifier(warehouse: Warehouse, relations: Relations, text: str) -> tuple[str, list[str]]:
    if not warehouse.exists(*relations.ref("profile_identifiers")):
        return "", []
    exact = sorted({text, text.lower(), *_phone_forms(text)})
    found = warehouse.rows(
        f"select distinct identifier_type, profile_id from {relations.ref('profile_identifiers')} "
        f"where identifier_value in ({_marks(exact)}) order by identifier_type, profile_id",
        exact,
    )
    if not found:
        ending = re.sub(r"[^0-9]", "", text).lstrip("0")
        if len(ending) >= _ENOUGH_DIGITS and re.fullmatch(r"[-+()./ 0-9]+", text):
            found = warehouse.rows(
                f"select distinct identifier_type, profile_id from {relations.ref('profile_identifiers')} "
                "where identifier_type = 'phone' and identifier_value like ? order by profile_id",
                [f"%{ending}"],
            )
    types = sorted({row["identifier_type"] for row in found})
    return " and ".join(types), sorted({row["profile_id"] for row in found})


def _of_record(warehouse: Warehouse, relations: Relations, text: str) -> list[str]:
    if not warehouse.exists(*relations.ref("identity_map")):
        return []
    sql = f"select profile_id from {relations.ref('identity_map')} where record_id = ?"
    found = warehouse.rows(sql, [text])
    return [row["profile_id"] for row in found]


def _successors(warehouse: Warehouse, relations: Relations, text: str) -> list[str]:
    if not warehouse.exists(*relations.ref("profile_aliases")):
        return []
    sql = f"select profile_id from {relations.ref('profile_aliases')} where retired_profile_id = ?"
    found = warehouse.rows(sql, [text])
    return sorted({row["profile_id"] for row in found})


def _has_expired(warehouse: Warehouse, relations: Relations, profile_ids: Sequence[str]) -> bool:
    if not warehouse.exists(*relations.ref("identity_map")):
        return False
    sql = f"select 1 from {relations.ref('identity_map')} where profile_id in ({_marks(profile_ids)}) limit 1"
    return bool(warehouse.rows(sql, profile_ids))


def _matches(warehouse: Warehouse, relations: Relations, profile_ids: Sequence[str]) -> tuple[Match, ...]:
    if not profile_ids:
        return ()
    there = warehouse.columns(*relations.ref("profiles"))
    # A project may have taken a column out of its golden profile.
    columns = [name if name in there else f"null as {name}" for name in Match.__dataclass_fields__]
    found = warehouse.rows(
        f"select {', '.join(columns)} from {relations.ref('profiles')} "
        f"where profile_id in ({_marks(profile_ids)}) order by profile_id",
        profile_ids,
    )
    return tuple(Match(**row) for row in found)


def _phone_forms(text: str) -> list[str]:
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) < _ENOUGH_DIGITS or not re.fullmatch(r"[-+()./ 0-9]+", text):
        return []
    return [f"+{digits}", f"+{digits.removeprefix('00')}", digits]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
