"""A few rows of a plan as people may see them: which fields they have, and not what is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

_ROWS = 2
_OPERATIONS = ("add", "change", "remove")


@dataclass(frozen=True)
class Sample:
    """A row that a plan would send: what with it, and its fields, each value masked."""

    operation: str
    row: Any


def read_samples(work: duckdb.DuckDBPyConnection) -> tuple[Sample, ...]:
    """The first rows, by key, of each operation of the table `planned`."""
    found = []
    for operation in _OPERATIONS:
        rows = work.execute(
            "select coalesce(body, known_match_keys) from planned where operation = ? order by key limit ?",
            [operation, _ROWS],
        ).fetchall()
        found += [Sample(operation, masked(json.loads(body))) for (body,) in rows if body]
    return tuple(found)


def masked(value: Any) -> Any:
    """The value with its shape and without what it says: the first letter of a text, nothing of a number."""
    if isinstance(value, dict):
        return {key: masked(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [masked(entry) for entry in value]
    if isinstance(value, str):
        return f"{value[:1]}…" if value else value
    return value if value is None or isinstance(value, bool) else "…"
