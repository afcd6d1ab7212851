"""What people decided about two records, as rows of the log cdp.identity_decisions."""

from __future__ import annotations

import datetime as dt
import uuid

import pyarrow as pa

DECISIONS = ("same", "different", "unsure")

SCHEMA = pa.schema(
    [
        ("decision_id", pa.string()),
        ("left_record_id", pa.string()),
        ("right_record_id", pa.string()),
        ("decision", pa.string()),
        ("decided_by", pa.string()),
        ("decided_at", pa.timestamp("us")),
        ("reason", pa.string()),
    ]
)


def decide(one: str, other: str, decision: str, by: str, why: str, at: dt.datetime) -> pa.Table:
    """One decision about two records, in the columns of SCHEMA; the smaller record id goes left.

    `at` is in UTC, without a zone. The latest decision about a pair holds.
    """
    left, right = sorted((one, other))
    row = {
        "decision_id": uuid.uuid4().hex,
        "left_record_id": left,
        "right_record_id": right,
        "decision": decision,
        "decided_by": by,
        "decided_at": at,
        "reason": why,
    }
    return pa.Table.from_pylist([row], schema=SCHEMA)
