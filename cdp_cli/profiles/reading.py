"""Everything that the warehouse knows of one profile, and where each golden value came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdp_cli.relations import Relation, Relations
from cdp_cli.warehouse import Warehouse

TIMELINE_LENGTH = 20


@dataclass(frozen=True)
class Candidate:
    """A record's value for an attribute. `lost_by` says why another was chosen; None for the winner."""

    value: str
    record_id: str
    source: str
    updated_at: dt.datetime | None
    rank: int
    lost_by: str | None


@dataclass(frozen=True)
class Choice:
    """One attribute of the golden record: who gave it and who lost, best first.

    `winner` is None where no value was fit, or where the winning record of the group has none.
    """

    attribute: str
    winner: Candidate | None
    losers: tuple[Candidate, ...]


@dataclass(frozen=True)
class Profile:
    """One person. The rows are those of the tables named alike; a table not built yet gives none."""

    profile_id: str
    golden: Mapping[str, Any]
    provenance: tuple[Choice, ...]
    records: tuple[dict[str, Any], ...]
    identifiers: tuple[dict[str, Any], ...]
    consents: tuple[dict[str, Any], ...]
    suppressions: tuple[dict[str, Any], ...]
    segments: tuple[dict[str, Any], ...]
    timeline: tuple[dict[str, Any], ...]
    deliveries: tuple[dict[str, Any], ...]


def read_profile(warehouse: Warehouse, relations: Relations, profile_id: str) -> Profile:
    """The profile with this id, which must be one of `profiles`."""
    golden = warehouse.rows(f"select * from {relations.ref('profiles')} where profile_id = ?", [profile_id])[
        0
    ]
    return Profile(
        profile_id=profile_id,
        golden=golden,
        provenance=_provenance(warehouse, relations, profile_id, list(golden)),
        records=_records(warehouse, relations, profile_id),
        identifiers=_of(
            warehouse, relations.ref("profile_identifiers"), profile_id,
            "identifier_type, identifier_value, identifier_class, sources, count_records, last_seen_at",
            "identifier_type, last_seen_at desc, identifier_value",
        ),
        consents=_of(
            warehouse, relations.ref("profile_consents"), profile_id,
            "purpose, state, legal_basis, source, record_id, captured_at", "purpose",
        ),
        suppressions=_of(
            warehouse, relations.ref("profile_suppressions"), profile_id,
            "channel, kind, since", "channel, kind",
        ),
        segments=_of(
            warehouse, relations.ref("segment_members"), profile_id, "segment, entered_at", "segment"
        ),
        timeline=_of(
            warehouse, relations.ref("profile_activity"), profile_id,
            "occurred_at, activity_type, channel, subject, amount, source, record_id",
            f"occurred_at desc, activity_id limit {TIMELINE_LENGTH}",
        ),
        deliveries=_deliveries(warehouse, relations, profile_id),
    )  # fmt: skip


def _of(
    warehouse: Warehouse, relation: Relation, profile_id: str, columns: str, order: str
) -> tuple[dict[str, Any], ...]:
    if not warehouse.exists(*relation):
        return ()
    sql = f"select {columns} from {relation} where profile_id = ? order by {order}"
    return tuple(warehouse.rows(sql, [profile_id]))


def _provenance(
    warehouse: Warehouse, relations: Relations, profile_id: str, columns: list[str]
) -> tuple[Choice, ...]:
    rows = _of(
        warehouse, relations.ref("profile_provenance"), profile_id,
        'attribute, value, record_id, source, is_winner, "rank", identifier_class, updated_at',
        'attribute, "rank", record_id',
    )  # fmt: skip
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["attribute"], []).append(row)
    attributes = sorted(found, key=lambda name: columns.index(name) if name in columns else len(columns))
    return tuple(_choice(attribute, found[attribute]) for attribute in attributes)


def _choice(attribute: str, rows: list[dict[str, Any]]) -> Choice:
    winner = next((row for row in rows if row["is_winner"]), None)
    return Choice(
        attribute=attribute,
        winner=_candidate(winner, None) if winner else None,
        losers=tuple(_candidate(row, _why_lost(row, winner)) for row in rows if not row["is_winner"]),
    )


def _candidate(row: Mapping[str, Any], lost_by: str | None) -> Candidate:
    return Candidate(
        row["value"], row["record_id"], row["source"], row["updated_at"], row["rank"], lost_by
    )  # fmt: skip


def _why_lost(row: Mapping[str, Any], winner: Mapping[str, Any] | None) -> str:
    if row["identifier_class"] == "junk":
        return "junk"
    if winner is None:
        return "group"
    if row["identifier_class"] == "household" and winner["identifier_class"] != "household":
        return "shared"
    return "same" if row["value"].lower() == winner["value"].lower() else "rank"


def _records(warehouse: Warehouse, relations: Relations, profile_id: str) -> tuple[dict[str, Any], ...]:
    needed = ("unified_people", "identity_map")
    if not all(warehouse.exists(*relations.ref(name)) for name in needed):
        return ()
    return tuple(
        warehouse.rows(
            f"""
            select people.record_id, people.source, people.created_at, people.updated_at
            from {relations.ref("identity_map")} as identity_map
            inner join {relations.ref("unified_people")} as people
                on identity_map.record_id = people.record_id
            where identity_map.profile_id = ?
            order by people.source, people.record_id
            """,
            [profile_id],
        )
    )


def _deliveries(warehouse: Warehouse, relations: Relations, profile_id: str) -> tuple[dict[str, Any], ...]:
    """The latest delivery of each sync: what the destination has, or why it has nothing.

    A retired id has a row of its own, because the destination may still have what was sent under it.
    """
    if not warehouse.exists(*relations.source("cdp", "sync_deliveries")):
        return ()
    ids = [profile_id, *_retired_into(warehouse, relations, profile_id)]
    return tuple(
        warehouse.rows(
            f"""
            with

            ordered as (
                select
                    sync, operation, outcome, reason, occurred_at, run_id,
                    case when profile_id <> ? then profile_id end as retired_id,
                    row_number() over (
                        partition by sync, profile_id order by occurred_at desc, run_id desc
                    ) as place
                from {relations.source("cdp", "sync_deliveries")}
                where profile_id in ({", ".join("?" for _ in ids)})
            )

            select sync, operation, outcome, reason, occurred_at, run_id, retired_id
            from ordered
            where place = 1
            order by sync, retired_id nulls first
            """,
            [profile_id, *ids],
        )
    )


def _retired_into(warehouse: Warehouse, relations: Relations, profile_id: str) -> list[str]:
    if not warehouse.exists(*relations.ref("profile_aliases")):
        return []
    found = warehouse.rows(
        f"select retired_profile_id from {relations.ref('profile_aliases')} where profile_id = ? order by 1",
        [profile_id],
    )
    return [row["retired_profile_id"] for row in found]
