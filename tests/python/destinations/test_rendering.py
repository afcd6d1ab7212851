"""Rows as JSON, rendered in SQL."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_cli.destinations import rendering
from cdp_cli.destinations.fields import literal, quoted
from cdp_cli.errors import FixConfiguration

BERLIN = duckdb.connect()
BERLIN.execute("set TimeZone = 'Europe/Berlin'")


def rendered(values: dict[str, str], template: Any = "$fields", **options: Any) -> Any:
    """The row that these columns, written in SQL, become."""
    columns = list(values)
    sql = rendering.row_sql(
        template,
        columns,
        options.get("match", ["id"]),
        options.get("nulls", {}),
        options.get("nest", True),
        {},
    )
    chosen = ", ".join(f"{value} as {quoted(name)}" for name, value in values.items())
    found = BERLIN.execute(f"select {sql} from (select {chosen})").fetchone()
    assert found is not None
    return json.loads(found[0])


def test_dots_nest_and_nulls_are_left_out() -> None:
    values = {"id": "'p1'", "a.b.c": "1", "a.b.d": "null::int", "a.e": "true", "x.y": "null::int"}
    assert rendered(values) == {"id": "p1", "a": {"b": {"c": 1}, "e": True}}


def test_a_null_is_sent_where_it_shall_clear() -> None:
    values = {"id": "'p1'", "a.b": "null::int", "c": "null::int"}
    assert rendered(values, nulls={"a.b": "clear"}) == {"id": "p1", "a": {"b": None}}


def test_without_nesting_a_dot_is_a_dot() -> None:
    assert rendered({"a.b": "1"}, nest=False) == {"a.b": 1}


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("'it''s \"quoted\" \\ ü'", 'it\'s "quoted" \\ ü'),
        ("12.50::decimal(10, 2)", 12.5),
        ("9007199254740993", 9007199254740993),
        ("false", False),
        ("date '2026-03-01'", "2026-03-01"),
        ("timestamp '2026-03-01 10:00:00.5'", "2026-03-01T10:00:00.5Z"),
        ("timestamptz '2026-03-01 10:00:00+01'", "2026-03-01T09:00:00Z"),
        ("['a', 'b']", ["a", "b"]),
        ("{'k': 1}", {"k": 1}),
    ],
)
def test_values_keep_their_type(sql: str, value: Any) -> None:
    assert rendered({"v": sql}) == {"v": value}


def test_a_template_surrounds_the_fields() -> None:
    template = {"type": "profile", "key": "$match", "attributes": "$fields", "mail": "$fields.mail"}
    assert rendered({"id": "1", "mail": "'m'"}, template) == {
        "type": "profile",
        "key": {"id": 1},
        "attributes": {"id": 1, "mail": "m"},
        "mail": "m",
    }


def test_a_field_alone_that_is_null_is_left_out_of_its_template() -> None:
    assert rendered({"id": "1", "mail": "null"}, {"mail": "$fields.mail", "id": "$fields.id"}) == {"id": 1}


@pytest.mark.parametrize("columns", [["a", "a.b"], ["a.b", "a"], ["a.b", "a.b.c"]])
def test_a_column_that_is_value_and_group_at_once_is_refused(columns: list[str]) -> None:
    with pytest.raises(FixConfiguration, match="both a value and a group"):
        rendering.row_sql("$fields", columns, [], {}, True, {})


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30))
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    assert rendered({"v": literal(text)}) == {"v": text}


@given(st.text(st.characters(exclude_characters="\x00.", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_column_name_becomes_its_key(name: str) -> None:
    assert rendered({name: "1"}) == {name: 1}


def test_a_body_is_two_halves_around_the_rows() -> None:
    before, after = rendering.body_halves({"to": "{list}", "data": "$rows", "n": 1}, {"list": "L"})
    assert json.loads(before + b'{"a":1},{"a":2}' + after) == {
        "to": "L",
        "data": [{"a": 1}, {"a": 2}],
        "n": 1,
    }
    before, after = rendering.body_halves({"data": "$row"}, {})
    assert json.loads(before + b'{"a":1}' + after) == {"data": {"a": 1}}


def test_a_placeholder_that_nothing_gives_is_named() -> None:
    with pytest.raises(FixConfiguration, match=r"uses \{lst\}"):
        rendering.body_halves({"to": "{lst}", "data": "$rows"}, {"list": "L"})
