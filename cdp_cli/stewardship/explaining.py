"""Explains two people of a warehouse, by whatever a steward has of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from cdp_cli.config import Settings
from cdp_cli.errors import FixInput
from cdp_cli.identity.bands import Bands
from cdp_cli.relations import Relations
from cdp_cli.stewardship.explanation import Explanation, explain, is_stored, strongest_pair
from cdp_cli.stewardship.finding import Found, find_records
from cdp_cli.stewardship.identity_sql import identity_sql
from cdp_cli.stewardship.reading import read_blocks, read_profiles, read_refusals
from cdp_cli.warehouse import Warehouse


@dataclass(frozen=True)
class Explained:
    """An explanation, and how each of the two sides was found."""

    sides: tuple[Found, Found]
    explanation: Explanation


def explain_two(
    warehouse: Warehouse, relations: Relations, one: str, other: str, settings: Settings, bands: Bands
) -> Explained:
    """Why two records are one person or not; each side is a record id, a profile id or an identifier.

    Of a profile or an identifier, the records with the strongest pair between the two sides are explained.
    Raises FixInput if a side means nobody, or both mean one record.
    """
    sides = find_records(warehouse, relations, one), find_records(warehouse, relations, other)
    given, profiles = read_profiles(warehouse, relations, [side.profile_id for side in sides])
    two = strongest_pair(given.pairs, sides[0].record_ids, sides[1].record_ids)
    if two is None:
        raise FixInput("Both are the same record.", "Name two records, or one of another profile.")
    # Blocks are only asked for a pair that was not scored: counting them costs the most.
    blocks = read_blocks(warehouse, relations, () if is_stored(given.pairs, *two) else two)
    refusals = read_refusals(warehouse, relations, *(side.profile_id for side in sides))
    sql = partial(identity_sql, settings)
    return Explained(sides, explain(given, blocks, refusals, profiles, *two, sql, bands))
