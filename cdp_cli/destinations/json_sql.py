"""What a column of each SQL type becomes in JSON, as DuckDB SQL made for that type.

| SQL type | in JSON |
| --- | --- |
| BOOLEAN | `true`, `false` |
| integers, HUGEINT and UHUGEINT among them | the number, exact |
| DECIMAL | the number, exact: `12.50` |
| FLOAT, DOUBLE | the shortest number that reads as the same; a row with NaN or infinity is invalid |
| VARCHAR, ENUM | the text |
| UUID | its text |
| DATE | `"2026-03-01"` |
| TIMESTAMP, TIMESTAMP WITH TIME ZONE | `"2026-03-01T09:00:00Z"`: ISO 8601, UTC |
| TIME | `"10:00:00"` |
| JSON | as it is, on one line |
| LIST, ARRAY, STRUCT, MAP | a list or an object; values in them as DuckDB's `to_json` writes them |
| BLOB, BIT, INTERVAL | refused by the column's name: cast it in the model |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cdp_cli.destinations.fields import quoted
from cdp_cli.errors import FixConfiguration

_REFUSED = ("BLOB", "BIT", "INTERVAL")
_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|BIGNUM|VARINT|BOOLEAN|FLOAT|DOUBLE|DECIMAL\(.*\)")
_QUOTED = ("UUID", "DATE", "TIME", "TIME WITH TIME ZONE", "TIME_NS")


@dataclass(frozen=True)
class Piece:
    """A part of the JSON text: a constant, or an SQL expression."""

    text: str
    is_sql: bool = False
    is_null: bool = False  # the expression is null if its column is, and only then


def value(column: str, kind: str, *, escape: bool) -> list[Piece]:
    """The pieces of a column's value, which is not null.

    Without `escape` a text is put between quotes as it is.
    Raises FixConfiguration for a type that has no JSON.
    """
    name, kind = quoted(column), kind.upper()
    if kind in _REFUSED:
        raise FixConfiguration(
            f"The column {column!r} is of type {kind}, which cannot be sent.",
            "Cast it to text or to a number in the model.",
        )
    if is_text(kind):
        if escape:
            return [Piece(f"to_json(cast({name} as varchar))", True)]
        return [Piece('"'), Piece(name, True, True), Piece('"')]
    if _NUMBERS.fullmatch(kind):
        return [Piece(name, True, True)]
    if kind in _QUOTED:
        return [Piece('"'), Piece(name, True, True), Piece('"')]
    if kind == "TIMESTAMP WITH TIME ZONE":
        return [Piece('"'), Piece(_iso(f"{name} at time zone 'UTC'"), True, True), Piece('Z"')]
    if kind.startswith("TIMESTAMP"):
        return [Piece('"'), Piece(_iso(name), True, True), Piece('Z"')]
    if kind == "JSON":
        # It may hold line breaks between its parts, and rows are lines.
        return [Piece(f"translate(cast({name} as varchar), chr(10) || chr(13), '  ')", True)]
    return [Piece(f"to_json({name})", True)]


def is_text(kind: str) -> bool:
    """Whether the values of a type are texts, which JSON may have to escape."""
    return kind.upper() == "VARCHAR" or kind.upper().startswith("ENUM(")


def needs_escape(columns: list[str]) -> str:
    """A condition: one of the text columns has a character that JSON escapes (RFC 8259, 7)."""
    joined = f"concat({', '.join(quoted(column) for column in columns)})"
    # Faster than a regular expression: what needs no escape is as long in JSON as between two quotes.
    return f"strlen(to_json({joined})) <> strlen({joined}) + 2"


def finite(kind: str) -> str | None:
    """What a value of a type is called if it may be infinite, which JSON cannot say; None for other types."""
    kind = kind.upper()
    if kind in ("FLOAT", "DOUBLE"):
        return "number"
    return "time" if kind == "DATE" or kind.startswith("TIMESTAMP") else None


def _iso(sql: str) -> str:
    return f"replace(cast({sql} as varchar), ' ', 'T')"
