"""One request: what its status and the vendor's own codes mean, its limits, its address and its body."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from cdp_cli.destinations.base import (
    Accepted,
    Answer,
    Destination,
    InDoubt,
    Part,
    Refused,
    Retry,
    Split,
    Verb,
)
from cdp_cli.destinations.http_destination import HttpDestination
from cdp_cli.errors import CheckDestination, FixConfiguration
from tests.python.destinations.conftest import batch
from tests.python.destinations.vendor import Open, Says, Vendor, opened, vendor

__all__ = ["opened", "vendor"]

PEOPLE: list[dict[str, Any]] = [
    {"external_id": "a/b", "email": "ada@example.com", "score": 1.5},
    {"external_id": "p2", "email": None, "score": 2.5},
]
ACCEPT = "accept: {source: https://vendor.example/api}"


def yaml(operation: str, top: str = "") -> str:
    lines = "\n".join(f"      {line}" for line in operation.strip().splitlines())
    return f"""
error: message
{top}
objects:
  people:
    description: People.
    match: [external_id, email]
    idempotency: upsert
    fields: {{external_id: {{}}, email: {{}}, "*": {{}}}}
    upsert:
{lines}
"""


def put(there: Destination, rows: list[dict[str, Any]] = PEOPLE, **changes: Any) -> Answer:
    return there.send(replace(batch(there, Verb.UPSERT, rows), **changes))


ONE_CALL = f"""
post: /people
batch: {{rows: 10, bytes: 1MB}}
row: $fields
body: {{people: $rows}}
{ACCEPT}
"""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (0, Accepted),
        (40100, Retry),
        (40002, Split),
        (40900, Refused),
        (50000, InDoubt),
        (99999, InDoubt),
        ("0", InDoubt),
        (None, InDoubt),
    ],
)
def test_a_code_under_200_means_what_the_yaml_says(
    code: object, told: type[Answer], opened: Open, vendor: Vendor
) -> None:
    codes = "{at: code, retry: [40100], split: [40002], refuse: [40900], check: [40105], doubt: [50000]}"
    there = opened(yaml(f"{ONE_CALL[:-2]}, equals: {{code: [0]}}}}\nanswers: {{codes: {codes}}}"))
    vendor.says(Says({"code": code, "message": "OK"}))
    assert isinstance(put(there), told)
    vendor.says(Says({"code": 40105, "message": "token is wrong"}))
    with pytest.raises(CheckDestination, match="token is wrong"):
        put(there)


def test_a_code_under_400_precedes_the_status(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(f"{ONE_CALL}\nanswers: {{codes: {{at: error.code, retry: [17]}}}}"))
    vendor.says(Says({"error": {"code": 17}}, 400))
    assert isinstance(put(there), Retry)
    vendor.says(Says({"error": {"code": 100}}, 400))
    assert isinstance(put(there), Split)


PER_ROW = f"""
put: /people/{{row.external_id}}
batch: {{rows: 1, bytes: 1MB}}
row: {{external_id: $fields.external_id, attributes: $rest}}
body: {{data: $row.attributes}}
{ACCEPT}
"""


def test_a_row_is_named_in_its_address(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(PER_ROW))
    assert put(there, PEOPLE[:1]) == Accepted()
    assert vendor.lines == ["PUT /people/a%2Fb"]
    assert vendor.asked[0].json() == {"data": {"email": "ada@example.com", "score": 1.5}}


def test_rows_are_named_in_a_parameter(opened: Open, vendor: Vendor) -> None:
    operation = f"""
delete: /people
params: {{ids: "{{rows.external_id}}"}}
encode: none
batch: {{rows: 10, bytes: 1MB}}
row: $match
{ACCEPT}
"""
    assert put(opened(yaml(operation))) == Accepted()
    assert vendor.asked[0].query == {"ids": "a/b,p2"}
    assert vendor.asked[0].body == b""


def test_a_row_without_the_value_of_its_address_is_not_sent(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(PER_ROW))
    for value in (None, "", ".", ".."):
        assert isinstance(put(there, [{"external_id": value, "email": "bo@example.com"}]), Refused)
    assert vendor.asked == []


def test_values_of_the_run_stand_in_the_body(opened: Open, vendor: Vendor) -> None:
    session = (
        "{session_id: $run.session, batch_seq: $run.number, last_batch_flag: $run.is_last, "
        "estimated_num_total: $run.rows, name: 'run {run.id}'}"
    )
    body = f"{{session: {session}, schema: $columns, data: $rows}}"
    operation = ONE_CALL.replace("{people: $rows}", body).replace("row: $fields", "row: $values")
    there = opened(yaml(operation))
    for number in (1, 2):
        put(there, part=Part("run-7", number, number == 2, 4))
    first, second = (asked.json() for asked in vendor.asked)
    assert first["schema"] == ["external_id", "email", "score"]
    assert first["data"] == [["a/b", "ada@example.com", 1.5], ["p2", "", 2.5]]
    session_id = first["session"].pop("session_id")
    assert 0 < session_id < 2**63
    assert second["session"].pop("session_id") == session_id
    known = {"estimated_num_total": 4, "name": "run run-7"}
    assert first["session"] == {"batch_seq": 1, "last_batch_flag": False, **known}
    assert second["session"] == {"batch_seq": 2, "last_batch_flag": True, **known}


@pytest.mark.parametrize(
    ("encode", "body", "kind", "content"),
    [
        ("json_lines", "$rows", "application/x-ndjson", b'"p2"'),
        ("csv", "$rows", "text/csv; charset=UTF-8", b"p2,,2.5"),
        ("form", "{payload: $rows}", "application/x-www-form-urlencoded", b"payload=%5B%7B"),
        ("json", "{people: $rows}", "application/json", b'{"people":['),
    ],
)
def test_a_body_has_the_type_of_its_encoding(
    encode: str, body: str, kind: str, content: bytes, opened: Open, vendor: Vendor
) -> None:
    operation = ONE_CALL.replace("body: {people: $rows}", f"body: {body}\nencode: {encode}\ngzip: true")
    put(opened(yaml(operation)))
    asked = vendor.asked[0]
    assert (asked.headers["content-type"], asked.headers["content-encoding"]) == (kind, "gzip")
    assert content in gzip.decompress(asked.body)


def test_a_limit_pauses_when_the_answer_says_that_no_request_is_left(opened: Open, vendor: Vendor) -> None:
    top = "rate: {remaining: X-Left, reset: X-Reset, unit: milliseconds}\nlimits: {all: [100/s]}"
    there = opened(yaml(f"{ONE_CALL}\nlimit: all", top))
    vendor.says(Says({}, headers={"X-Left": "0", "X-Reset": "300"}))
    put(there)
    began = time.monotonic()
    put(there)
    assert time.monotonic() - began > 0.25


def test_a_207_says_of_each_row_what_became_of_it(opened: Open, vendor: Vendor) -> None:
    operation = """
post: /people
batch: {rows: 100, bytes: 1MB}
row: {id: $fields.external_id, trace: "{row.index}", properties: $rest}
body: {inputs: $rows}
accept: {source: https://vendor.example/api, status: [200, 207], require: [results], absent: []}
sample:
  results: [{id: "51", trace: "0"}]
  errors: [{message: bad, context: {trace: ["1"]}}]
outcomes:
  - {items: results, each: row, row: {by: trace, at: trace}, remote_id: id}
  - {items: errors, each: error, row: {by: trace, at: context.trace}, refused: {reason: message}}
"""
    there = opened(yaml(operation))
    errors = [{"message": "bad address", "context": {"trace": ["1"]}}]
    vendor.says(Says({"results": [{"id": "51", "trace": "0"}], "errors": errors}, 207))
    three = [*PEOPLE, {"external_id": "p3"}]
    assert put(there, three) == Accepted(
        {1: "bad address"}, {2: "the answer does not say what became of this row"}
    )
    assert [row["trace"] for row in vendor.asked[0].json()["inputs"]] == ["0", "1", "2"]


def test_a_count_of_those_accepted_adds_up_with_the_refused(opened: Open, vendor: Vendor) -> None:
    accept = "accept: {source: https://v.example, absent: [], count: {of: processed, equals: accepted}}"
    outcomes = "outcomes: {items: errors, each: error, row: {by: index, at: index}}"
    there = opened(yaml(f"{ONE_CALL.replace(ACCEPT, accept)}\n{outcomes}"))
    vendor.says(Says({"processed": 1, "errors": [{"index": 1}]}))
    assert put(there) == Accepted({1: "rejected without a reason"})
    for document in ({"processed": 2, "errors": [{"index": 1}]}, {"processed": 1}, {"errors": []}):
        vendor.says(Says(document))
        assert isinstance(put(there), InDoubt)


def test_the_account_of_the_secrets_is_asked_for(opened: Open, vendor: Vendor) -> None:
    check = "check: {get: /me, accept: {require: [id]}, account: id, sample: {id: 1}}"
    there = opened(yaml(ONE_CALL, check))
    assert isinstance(there, HttpDestination)
    vendor.says(Says({"id": 7001}))
    assert there.account() == "7001"
    assert "account" not in there.address
    vendor.says(Says({"name": "x"}))
    with pytest.raises(CheckDestination):
        there.account()
    vendor.asked.clear()
    assert opened(yaml(ONE_CALL)).account() is None  # type: ignore[attr-defined]
    assert vendor.asked == []


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (ONE_CALL.replace("/people", "/people/{row.external_id}"), "needs batch.rows: 1"),
        (PER_ROW.replace("{row.external_id}", "{row.id}"), "the row has no id"),
        (PER_ROW.replace("$row.attributes", "$row.other"), "the row has no other"),
        (PER_ROW.replace("rows: 1,", "rows: 2,"), "needs batch.rows: 1"),
        (ONE_CALL.replace("$rows", "$columns"), "body must hold $rows or $row once, and holds 0"),
        (ONE_CALL.replace("{people: $rows}", "{people: $rows, c: $columns}"), "'$columns' has a $name"),
        (ONE_CALL.replace("$fields", "{a: $run.id}"), "'$run.id' has a $name"),
        (ONE_CALL.replace("$fields", "{a: '{idempotency_key}'}"), "{idempotency_key} is unknown"),
        (ONE_CALL.replace("$fields", "{a: {$present: $match, b: 1}}"), "$present stands alone"),
        (
            ONE_CALL.replace("$rows}", "{file: a, content: $rows}}\nencode: multipart"),
            "write file, content: $rows, and encode",
        ),
        (
            ONE_CALL.replace("$rows}", "{file: a, content: $rows, encode: xml}}\nencode: multipart"),
            "body.people.encode is csv or json_lines",
        ),
        (f"{ONE_CALL}\nanswers: {{codes: {{at: 'a[0]'}}}}", "'a[0]' is not a path"),
    ],
)
def test_a_mistake_in_an_operation_does_not_load(operation: str, sentence: str, opened: Open) -> None:
    with pytest.raises(FixConfiguration) as caught:
        opened(yaml(operation))
    assert sentence in caught.value.problem


def test_limits_leave_room_for_the_envelope(opened: Open) -> None:
    there = opened(yaml(ONE_CALL))
    assert there.limits(Verb.UPSERT).bytes == 1_000_000 - len('{"people":[]}')


def test_a_row_that_is_never_sent_twice_has_the_same_bytes(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(ONE_CALL))
    put(there)
    put(there)
    assert vendor.asked[0].body == vendor.asked[1].body
    assert json.loads(vendor.asked[0].body)["people"][1] == {"external_id": "p2", "score": 2.5}
