"""Small tables of people, and what an assignment reads when nothing was scored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from cdp_cli.identity.clustering import assignments
from cdp_cli.identity.clustering.decisions import SCHEMA as DECISIONS
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking import pairs
from cdp_cli.identity.training import trained_model
from cdp_cli.identity.training.trained_model import Model

RECORD_COLUMNS = (
    "record_id", "source", "first_name", "last_name", "all_names", "email_first_name", "email_last_name",
    "birth_date", "birth_text", "gender", "email", "phone", "street", "city", "postcode", "user_id",
    "loyalty_id", "national_id", "anonymous_id", "record_hash",
)  # fmt: skip
NO_MODEL = Model("none", {"comparisons": [], "probability_two_random_records_match": 1e-6}, {}, {})
EPOCH = dt.datetime(2026, 1, 1)


def day(number: int) -> dt.datetime:
    return EPOCH + dt.timedelta(days=number)


def people(*rows: Mapping[str, Any]) -> pa.Table:
    """Rows of the person vocabulary; record ids are a, b, c, ... and the source is crm unless given."""
    named = [
        {"record_id": chr(ord("a") + position), "source": "crm", **row} for position, row in enumerate(rows)
    ]
    columns = sorted({column for row in named for column in row})
    return pa.table({column: [row.get(column) for row in named] for column in columns})


def scored(*rows: tuple[str, str, float], at: dt.datetime = EPOCH, veto: str | None = None) -> pa.Table:
    """Rows of identity_pairs."""
    return pa.Table.from_pylist(
        [
            {
                "left_record_id": min(one, other),
                "right_record_id": max(one, other),
                "version": "v",
                "match_probability": probability,
                "veto": veto,
                "scored_at": at,
            }
            for one, other, probability in rows
        ],
        schema=pairs.SCHEMA,
    )


def decisions(*rows: tuple[str, str, str, dt.datetime]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "decision_id": f"{at.isoformat()}{one}{other}",
                "left_record_id": min(one, other),
                "right_record_id": max(one, other),
                "decision": decision,
                "decided_at": at,
            }
            for one, other, decision, at in rows
        ],
        schema=DECISIONS,
    )


def types(max_values_per_profile: int) -> pa.Table:
    """The seed identifier_types with one type, e-mail."""
    return pa.table(
        {
            "identifier_type": ["email"],
            "probability": [0.99],
            "max_values_per_profile": [max_values_per_profile],
            "one_per_person": pa.array([None], pa.string()),
            "is_device": [False],
            "description": ["One address."],
        }
    )


def given(
    record_ids: Sequence[str],
    found: pa.Table,
    *,
    log: pa.Table | None = None,
    changes: Mapping[str, dt.datetime] | None = None,
    decided: pa.Table | None = None,
) -> Input:
    """What an assignment reads, for records that carry nothing but their id."""
    fields = [(column, pa.string()) for column in RECORD_COLUMNS] + [("one_record_per_person", pa.bool_())]
    records = pa.Table.from_pylist(
        [{"record_id": record_id, "source": "crm", "first_name": "ann"} for record_id in record_ids],
        schema=pa.schema(fields),
    )
    identifiers = ["record_id", "identifier_type", "identifier_value", "identifier_class"]
    changed = changes or {}
    return Input(
        records=records,
        identifiers=pa.schema([(column, pa.string()) for column in identifiers]).empty_table(),
        identifier_types=types(max_values_per_profile=6),
        nicknames=pa.schema([("nickname", pa.string()), ("name", pa.string())]).empty_table(),
        models=trained_model.stored(NO_MODEL, EPOCH),
        pairs=found,
        decisions=DECISIONS.empty_table() if decided is None else decided,
        changes=pa.table(
            {
                "record_id": pa.array(list(changed), pa.string()),
                "record_hash": pa.array(["h"] * len(changed), pa.string()),
                "seen_at": pa.array(list(changed.values()), pa.timestamp("us")),
            }
        ),
        log=assignments.SCHEMA.empty_table() if log is None else log,
    )


def present(log: pa.Table) -> dict[str, str]:
    """The profile of each record after a log."""
    latest: dict[str, str | None] = {}
    for row in log.sort_by("assigned_at").to_pylist():
        latest[row["record_id"]] = row["profile_id"]
    return {record_id: profile_id for record_id, profile_id in latest.items() if profile_id is not None}


def groups(profiles: Mapping[str, str]) -> set[frozenset[str]]:
    """The records of each profile, without its name."""
    members: dict[str, set[str]] = {}
    for record_id, profile_id in profiles.items():
        members.setdefault(profile_id, set()).add(record_id)
    return {frozenset(records) for records in members.values()}
