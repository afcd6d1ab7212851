"""`as` and `values`: fields in the type and the words of a destination."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from cdp_cli.destinations.conversions import converted, translated

BERLIN = duckdb.connect()
BERLIN.execute("set TimeZone = 'Europe/Berlin'")


def value(sql: str, to: str, separator: str = ",") -> Any:
    kinds = BERLIN.execute(f"describe select {sql} as v").fetchone()
    assert kinds is not None
    found = BERLIN.execute(
        f"select {converted('v', kinds[1], to, separator)} from (select {sql} as v)"
    ).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("sql", "to", "becomes"),
    [
        ("12.50::decimal(9, 2)", "text", "12.50"),
        ("date '2026-03-01'", "text", "2026-03-01"),
        ("timestamptz '2026-03-01 10:00:00+01'", "text", "2026-03-01T09:00:00Z"),
        ("true", "text", "true"),
        ("' 12.5 '", "number", 12.5),
        ("'twelve'", "number", None),
        ("7::hugeint", "number", 7),
        ("'9007199254740993'", "integer", 9007199254740993),
        ("'12.5'", "integer", None),
        ("12.5::double", "integer", None),
        ("12.0::double", "integer", 12),
        ("'yes'", "boolean", True),
        ("0", "boolean", False),
        ("'perhaps'", "boolean", None),
        ("timestamp '2026-03-01 10:00:00.9'", "seconds", 1772359200),
        ("timestamp '1969-12-31 23:59:59.5'", "seconds", -1),
        ("timestamptz '2026-03-01 10:00:00+01'", "seconds", 1772355600),
        ("date '2026-03-01'", "seconds", 1772323200),
        ("'2026-03-01T10:00:00+01:00'", "seconds", 1772355600),
        ("'2026-03-01T10:00:00Z'", "seconds", 1772359200),
        ("'2026-03-01 10:00:00'", "seconds", 1772359200),
        ("'2026-03-01'", "seconds", 1772323200),
        ("'1.3.2026'", "seconds", None),
        ("timestamp 'infinity'", "seconds", None),
        ("1772359200", "seconds", 1772359200),
        ("timestamp '2026-03-01 10:00:00.5'", "milliseconds", 1772359200500),
        ("timestamptz '2026-03-01 00:30:00+01'", "date", "2026-02-28"),
        ("'2026-03-01T00:30:00+01:00'", "date", "2026-02-28"),
        ("'a, b,,c '", "list", ["a", "b", "c"]),
        ("['a', 'b']", "list", ["a", "b"]),
        ("'{\"a\": 1}'", "json", '{"a": 1}'),
        ("'{\"a\"'", "json", None),
        ("null::varchar", "integer", None),
        ("null::timestamp", "seconds", None),
    ],
)
def test_a_value_becomes_the_type(sql: str, to: str, becomes: Any) -> None:
    found = value(sql, to)
    assert (str(found) if to == "date" and found is not None else found) == becomes


def test_a_list_has_the_separator_that_the_field_names() -> None:
    assert value("'a;b'", "list", ";") == ["a", "b"]


@pytest.mark.parametrize(("sql", "becomes"), [("'female'", "F"), ("'x'", None), ("null::varchar", None)])
def test_an_enumeration_speaks_the_destination_s_words(sql: str, becomes: str | None) -> None:
    table: dict[str | int | bool, str | int | bool] = {"female": "F", "male": "M"}
    assert BERLIN.execute(f"select {translated(sql, table)}").fetchone() == (becomes,)


def test_an_enumeration_may_be_of_booleans_and_numbers() -> None:
    assert BERLIN.execute(f"select {translated('true', {True: 1, False: 0})}").fetchone() == (1,)
