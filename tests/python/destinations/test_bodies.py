"""The body of a request, in each encoding."""

from __future__ import annotations

import email
import gzip
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cdp_cli.destinations.base import Batch, Verb
from cdp_cli.destinations.bodies import ROW_INDEX, ROW_INDEX_IN_TEXT, body_of, content_type, numbered, text_at
from cdp_cli.destinations.operations import Call
from cdp_cli.errors import FixConfiguration

ROWS = ['{"id":"a","n":1.50,"ok":true}', '{"id":"b","s":"x, \\"y\\"\\n","n":null}']


def body(rows: list[str], as_arrays: bool = False, **keys: Any) -> bytes:
    call = Call.model_validate({"post": "/", **keys})
    marks = {"$run.number": 3, "$run.is_last": False}
    found = body_of(call, rows, {"list": "L", "run.id": "r-1"}, marks, as_arrays=as_arrays)
    assert found is not None
    return found


def test_json_is_the_template_around_the_rows() -> None:
    template = {"to": "{list}", "data": "$rows", "run": ["{run.id}", "$run.number", "$run.is_last"]}
    assert body(ROWS, body=template) == (
        b'{"to":"L","data":[' + ",".join(ROWS).encode() + b'],"run":["r-1",3,false]}'
    )
    assert body(ROWS[:1], body={"data": "$row"}) == b'{"data":' + ROWS[0].encode() + b"}"


def test_a_row_is_never_read_as_a_mark() -> None:
    row = json.dumps({"name": "\x00rows\x00 \x00row\x00 {list} $rows $row"})
    assert json.loads(body([row], body={"data": "$rows"})) == {"data": [json.loads(row)]}


def test_parts_of_the_only_row_stand_where_the_template_wants_them() -> None:
    template = {"key": "$row.id", "amount": "$row.n", "gone": "$row.x"}
    assert body(ROWS[:1], body=template) == b'{"key":"a","amount":1.50,"gone":null}'


def test_rows_are_arrays_in_the_order_of_the_columns() -> None:
    assert body(ROWS, body={"schema": "$columns", "data": "$rows"}, as_arrays=True) == (
        b'{"schema":["id","n","ok","s"],"data":[["a",1.50,true,""],["b",null,"","x, \\"y\\"\\n"]]}'
    )


def test_json_lines_end_with_a_line_break() -> None:
    assert body(ROWS, body="$rows", encode="json_lines") == f"{ROWS[0]}\n{ROWS[1]}\n".encode()


def test_csv_has_the_columns_of_all_rows_and_numbers_as_they_stand() -> None:
    assert body(ROWS, body="$rows", encode="csv", cleared="#N/A") == (
        b'id,n,ok,s\na,1.50,true,\nb,#N/A,,"x, ""y""\n"\n'
    )


def test_a_form_has_texts_and_json() -> None:
    template = {
        "list": "{list}",
        "id": "$row.id",
        "n": "$row.n",
        "none": "$row.x",
        "payload": {"rows": ["$row"]},
    }
    found = dict(parse_qsl(body(ROWS[:1], body=template, encode="form").decode()))
    assert found == {"list": "L", "id": "a", "n": "1.50", "payload": f'{{"rows":[{ROWS[0]}]}}'}


def test_parts_of_a_form_hold_the_rows_as_a_file() -> None:
    template = {
        "request": {"name": "{list}", "files": [{"name": "rows.csv"}]},
        "files": {"file": "{list}.csv", "content": "$rows", "encode": "csv"},
    }
    call = Call.model_validate({"post": "/", "body": template, "encode": "multipart"})
    found = body_of(call, ROWS[:1], {"list": "L"}, {})
    assert found is not None
    kind = content_type(call, found)
    message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + found)
    request, file = message.get_payload()  # type: ignore[misc]
    assert json.loads(request.get_payload()) == {"name": "L", "files": [{"name": "rows.csv"}]}
    assert (file.get_filename(), file.get_content_type()) == ("L.csv", "text/csv")
    assert file.get_payload(decode=True).rstrip() == b"id,n,ok\na,1.50,true"
    assert found == body_of(call, ROWS[:1], {"list": "L"}, {})


def test_gzip_gives_the_same_bytes_for_the_same_rows() -> None:
    one, two = (body(ROWS, body={"data": "$rows"}, gzip=True) for _ in range(2))
    assert one == two
    assert json.loads(gzip.decompress(one)) == {"data": [json.loads(row) for row in ROWS]}


def test_a_call_without_a_body_sends_none() -> None:
    assert body_of(Call(delete="/x", encode="none"), ROWS, {}, {}) is None
    assert body_of(Call(get="/x"), ROWS, {}, {}) is None


def test_positions_take_the_place_of_their_mark_alone() -> None:
    text = ROW_INDEX_IN_TEXT
    row = f'{{"n":{ROW_INDEX},"trace":"row-{text}","only":"{text}","name":"$row.index"}}'
    assert numbered(Batch("b", "k", Verb.UPSERT, f"{row}\n{row}")) == [
        '{"n":0,"trace":"row-0","only":"0","name":"$row.index"}',
        '{"n":1,"trace":"row-1","only":"1","name":"$row.index"}',
    ]


def test_the_text_at_a_path_is_as_it_stands() -> None:
    row = '{"a":{"b":12.50,"c":"x","d":true,"e":""}}'
    assert [text_at(row, f"a.{key}") for key in "bcdef"] == ["12.50", "x", None, None, None]


def test_a_placeholder_that_nothing_gives_is_named() -> None:
    with pytest.raises(FixConfiguration, match=r"uses \{lst\}"):
        body(ROWS, body={"to": "{lst}", "data": "$rows"})
