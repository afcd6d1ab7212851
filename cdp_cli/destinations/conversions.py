"""`as`: the type in which a destination wants a field, as DuckDB SQL; an unusable value becomes null.

| `as` | from | becomes |
| --- | --- | --- |
| `text` | anything | its text; a time in ISO 8601 and UTC |
| `number` | text | a number of up to 15 digits; numbers stay as they are |
| `integer` | text, numbers | a whole number, exact; 12.5 is unusable |
| `boolean` | text, numbers | `true` or `false`, from true, yes, t, 1 and their opposites |
| `seconds`, `milliseconds` | times, text in ISO 8601 | since 1970 in UTC; numbers stay as they are |
| `date` | times, text in ISO 8601 | `2026-03-01`, the day in UTC |
| `list` | text | its parts between the separators, trimmed, without empty ones; lists stay as they are |
| `json` | text that holds JSON | that JSON |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cdp_cli.destinations.fields import literal

_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)")
_WITH_ZONE = r":\d{2}(\.\d+)?\s*(Z|[+-]\d{2}(:?\d{2})?)$"


def converted(value: str, kind: str, to: str, separator: str) -> str:
    """The SQL expression `value` of this DuckDB type as the type `to`."""
    return _CONVERSIONS[to](value, kind.upper(), separator)


def translated(value: str, table: Mapping[str | int | bool, str | int | bool]) -> str:
    """The value of an enumeration in the destination's words; one that is not in the table becomes null."""
    whens = " ".join(f"when {literal(_word(ours))} then {_literal(theirs)}" for ours, theirs in table.items())
    return f"case cast({value} as varchar) {whens} end"


def _word(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _literal(value: str | int | bool) -> str:
    return literal(value) if isinstance(value, str) else _word(value)


def _is_number(kind: str) -> bool:
    return bool(_NUMBER.fullmatch(kind))


def _text(value: str, kind: str, _: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return f"replace(cast({_utc(value, kind)} as varchar), ' ', 'T') || 'Z'"
    return f"cast({value} as varchar)"


def _number(value: str, kind: str, _: str) -> str:
    return value if _is_number(kind) else f"try_cast(trim(cast({value} as varchar)) as double)"


def _integer(value: str, kind: str, _: str) -> str:
    if "INT" in kind and _is_number(kind):
        return value
    if _is_number(kind):
        return f"case when {value} = trunc({value}) then try_cast({value} as hugeint) end"
    text = f"trim(cast({value} as varchar))"
    # A cast alone would round 12.5.
    return f"case when regexp_full_match({text}, '[-+]?[0-9]+') then try_cast({text} as hugeint) end"


def _boolean(value: str, kind: str, _: str) -> str:
    return value if kind == "BOOLEAN" else f"try_cast({value} as boolean)"


def _seconds(value: str, kind: str, _: str) -> str:
    if _is_number(kind):
        return value
    return f"cast(floor(epoch({_finite(_utc(value, kind))})) as bigint)"


def _milliseconds(value: str, kind: str, _: str) -> str:
    return value if _is_number(kind) else f"epoch_ms({_finite(_utc(value, kind))})"


def _date(value: str, kind: str, _: str) -> str:
    return value if kind == "DATE" else f"cast({_finite(_utc(value, kind))} as date)"


def _list(value: str, kind: str, separator: str) -> str:
    if kind.endswith("]"):
        return value
    parts = f"string_split(cast({value} as varchar), {literal(separator)})"
    parts = f"list_transform({parts}, lambda part: trim(part))"
    return f"list_filter({parts}, lambda part: part <> '')"


def _json(value: str, kind: str, _: str) -> str:
    return f"try_cast({value} as json)" if kind == "VARCHAR" else f"to_json({value})"


def _utc(value: str, kind: str) -> str:
    """A time without a zone, in UTC."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"({value} at time zone 'UTC')"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"cast({value} as timestamp)"
    text = f"trim(cast({value} as varchar))"
    # A cast to a time without a zone would drop the offset in the text.
    return (
        f"case when regexp_matches({text}, {literal(_WITH_ZONE)}) "
        f"then try_cast({text} as timestamptz) at time zone 'UTC' else try_cast({text} as timestamp) end"
    )


def _finite(value: str) -> str:
    return f"case when isfinite({value}) then {value} end"


_CONVERSIONS: dict[str, Callable[[str, str, str], str]] = {
    "text": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "seconds": _seconds,
    "milliseconds": _milliseconds,
    "date": _date,
    "list": _list,
    "json": _json,
}
TYPES = tuple(_CONVERSIONS)
