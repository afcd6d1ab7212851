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
    chosen = ", ".join(f"{value} as {quoted(name)}" for name, value in values.items())
    kinds = {row[0]: row[1] for row in BERLIN.execute(f"describe select {chosen}").fetchall()}
    sql = rendering.row_sql(
        template,
        kinds,
        options.get("match", ["id"]),
        options.get("nulls", {}),
        options.get("nest", True),
        {},
    )
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
        ("170141183460469231731687303715884105727::hugeint", 170141183460469231731687303715884105727),
        ("1e300::double", 1e300),
        ("0.1::float", 0.1),
        ("time '10:00:00'", "10:00:00"),
        ("'a'::enum('a', 'b')", "a"),
        ("'01890a5d-ac96-774b-bcce-b302099a8057'::uuid", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("""'{ "a":\n [1] }'::json""", {"a": [1]}),
        ("map {'k': 'v'}", {"k": "v"}),
        ("timestamp_ns '2026-03-01 10:00:00.123456789'", "2026-03-01T10:00:00.123456789Z"),
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


def test_a_decimal_is_exact_and_a_row_is_one_line() -> None:
    kinds = {"d": "DECIMAL(38,10)", "t": "VARCHAR", "j": "JSON"}
    sql = rendering.row_sql("$fields", kinds, [], {}, True, {})
    number = "1234567890123456789012345678.1234567890::decimal(38,10)"
    row = f"select {number} as d, 'a\nb' as t, '[\n1]'::json as j"
    found = BERLIN.execute(f"select {sql} from ({row})").fetchone()
    assert found == ('{"d":1234567890123456789012345678.1234567890,"t":"a\\nb","j":[ 1]}',)


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
        rendering.row_sql("$fields", dict.fromkeys(columns, "INTEGER"), [], {}, True, {})


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30))
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    assert rendered({"v": literal(text)}) == {"v": text}


@given(st.text(st.characters(exclude_characters="\x00.", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_column_name_becomes_its_key(name: str) -> None:
    assert rendered({name: "1"}) == {name: 1}


def test_a_column_that_the_model_does_not_select_is_left_out() -> None:
    template = {"id": "$fields.id", "phone": "$fields.phone", "both": ["$fields.id", "$fields.phone"]}
    assert rendered({"id": "1"}, template) == {"id": 1, "both": [1, None]}


def test_the_rest_is_what_the_template_does_not_name() -> None:
    values = {"id": "1", "mail": "'m'", "a.b": "2", "phone": "null::varchar"}
    assert rendered(values, {"key": "$match", "contact": ["$fields.mail"], "data": "$rest"}) == {
        "key": {"id": 1},
        "contact": ["m"],
        "data": {"a": {"b": 2}},
    }


def test_a_present_entry_is_there_only_with_all_its_columns() -> None:
    template = {
        "ids": [
            {"$present": {"mail": "$fields.mail"}},
            {"$present": {"phone": "$fields.phone"}},
            {"$present": {"first": "$fields.first", "last": "$fields.last"}},
        ],
        "name": {"$present": {"first": "$fields.first", "last": "$fields.last"}},
    }
    some = {"mail": "null::varchar", "phone": "'+49'", "first": "'Ada'", "last": "null::varchar"}
    assert rendered(some, template) == {"ids": [{"phone": "+49"}]}
    whole = {"mail": "'m'", "first": "'Ada'", "last": "'Löve'"}
    name = {"first": "Ada", "last": "Löve"}
    assert rendered(whole, template) == {"ids": [{"mail": "m"}, name], "name": name}
    assert rendered({"id": "1"}, template) == {"ids": []}
    pair = [{"$present": {"type": "pair", "first": "$fields.first", "last": "$fields.last"}}]
    assert rendered(some, {"pairs": pair}) == {"pairs": []}
    assert rendered(whole, {"pairs": pair}) == {"pairs": [{"type": "pair", **name}]}


def test_the_position_is_a_mark_that_no_value_can_be() -> None:
    values = {"id": "'$row.index'", "json": """'{"a": "\\u0024row.index"}'::json"""}
    template = {"n": "$row.index", "trace": "row-{row.index}", "id": "$fields.id", "json": "$fields.json"}
    row = json.dumps(rendered(values, template))
    assert json.loads(row) == {
        "n": "$row.index",
        "trace": "row-$row.index",
        "id": "$row.index",
        "json": {"a": "$row.index"},
    }


@pytest.mark.parametrize("kind", ["blob", "interval", "bit"])
def test_a_type_without_json_is_refused_by_the_name_of_its_column(kind: str) -> None:
    with pytest.raises(FixConfiguration, match=f"column 'thing' is of type {kind.upper()}"):
        rendered({"thing": f"null::{kind}"})
