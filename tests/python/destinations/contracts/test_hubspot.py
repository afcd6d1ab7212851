"""HubSpot: trace ids name the refused, 207 says that there are some, and an archive needs an id."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Retry, Split
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import SqlText, invalid
from tests.python.destinations.contracts.cases import Case
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.vendors.base import Vendor
from tests.python.destinations.contracts.vendors.hubspot import batch_answer, failure, refusal

VENDOR = "hubspot"
UPSERT, READ = "/batch/upsert$", "/batch/read$"


def results(*traces: str) -> list[dict[str, Any]]:
    return [{"id": f"50{trace}", "properties": {}, "objectWriteTraceId": trace} for trace in traces]


def test_one_bad_contact_among_many_is_named(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused["p77"] = "Property values were not valid"
    answer = put(case, there, [{"id": f"p{n}", "email": f"{n}@example.com"} for n in range(100)])
    assert answer == Accepted({77: "Property values were not valid"})
    assert len(vendor.held) == 99


def test_every_contact_may_be_bad(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused = dict.fromkeys(case.keys, "no")
    assert put(case, there) == Accepted({0: "no", 1: "no", 2: "no"})
    assert vendor.held == {}


@pytest.mark.parametrize(
    "errors", [{}, {"errors": []}, {"errors": None}, {"failures": [refusal("1", "no")]}], ids=str
)
def test_some_failures_without_errors_prove_nothing(
    errors: dict[str, Any], case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(Reply(207, {"status": "COMPLETE", "results": results("0"), **errors}), path=UPSERT)
    assert isinstance(put(case, there), InDoubt)


def test_a_contact_that_no_list_names_is_unknown(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.script(batch_answer(results("0", "2"), []), path=UPSERT)
    answer = put(case, there)
    assert isinstance(answer, Accepted)
    assert sorted(answer.unknown) == [1]


def test_errors_without_a_trace_are_not_believed_to_concern_nobody(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    nameless = {"status": "error", "category": "VALIDATION_ERROR", "message": "no", "context": {}}
    vendor.script(batch_answer(results("0", "1"), [nameless]), path=UPSERT)
    answer = put(case, there)
    assert answer != Accepted()
    if isinstance(answer, Accepted):
        assert 2 in {**answer.unknown, **answer.rejected}


def test_a_trace_that_we_did_not_send_is_no_row_of_ours(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(batch_answer(results("0", "1", "7"), []), path=UPSERT)
    answer = put(case, there)
    assert isinstance(answer, Accepted)
    assert sorted(answer.unknown) == [2]


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "CANCELED"])
@pytest.mark.parametrize("errors", [[], [refusal("2", "no")]], ids=["200", "207"])
def test_a_batch_that_is_not_complete_is_in_doubt(
    errors: list[dict[str, Any]], status: str, case: Case, there: Destination, vendor: Vendor
) -> None:
    reply = batch_answer(results("0", "1", "2"), errors)
    vendor.script(Reply(reply.status, {**reply.document, "status": status}), path=UPSERT)
    assert isinstance(put(case, there), InDoubt)


def test_a_contact_without_an_id_is_unknown(case: Case, there: Destination, vendor: Vendor) -> None:
    without = {"properties": {}, "objectWriteTraceId": "1"}
    vendor.script(batch_answer([*results("0", "2"), without], []), path=UPSERT)
    answer = put(case, there)
    assert isinstance(answer, Accepted)
    assert sorted(answer.unknown) == [1]


def test_a_malformed_batch_is_halved(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.script(failure(400, "VALIDATION_ERROR", "Invalid input JSON"), path=UPSERT)
    assert put(case, there) == Split("HTTP 400: Invalid input JSON")


def test_contacts_are_sent_in_hubspot_s_shape(case: Case, there: Destination, vendor: Vendor) -> None:
    person = {
        "id": "p1",
        "email": " Ada@Example.com ",
        "firstname": 'Ada "the first"',
        "revenue": SqlText("12.50::decimal(10, 2)"),
        "is_member": True,
        "last_order": SqlText("timestamp '2026-03-01 10:00:00'"),
    }
    assert put(case, there, [person, {"id": "p2"}]) == Accepted()
    (asked,) = vendor.asked
    assert asked.headers["authorization"] == "Bearer pat-of-no-one"
    assert asked.headers["content-type"] == "application/json"
    assert asked.json() == {
        "inputs": [
            {
                "id": "p1",
                "idProperty": "customer_number",
                "objectWriteTraceId": "0",
                "properties": {
                    "email": "ada@example.com",
                    "firstname": 'Ada "the first"',
                    "revenue": "12.50",
                    "is_member": "true",
                    "last_order": "2026-03-01T10:00:00Z",
                },
            },
            {"id": "p2", "idProperty": "customer_number", "objectWriteTraceId": "1", "properties": {}},
        ]
    }
    assert invalid(there, case.put, [{"id": " "}]) == ["no usable id"]


def test_contacts_are_archived_by_hubspot_s_own_ids(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    assert removed(case, there, [{"id": "p1"}, {"id": "p2"}]) == Accepted()
    assert vendor.bodies(READ) == [
        {
            "idProperty": "customer_number",
            "properties": ["customer_number"],
            "inputs": [{"id": "p1"}, {"id": "p2"}],
        }
    ]
    assert vendor.bodies("/batch/archive$") == [{"inputs": [{"id": "500"}, {"id": "501"}]}]


def test_a_contact_that_is_not_there_is_gone(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there, case.people[:1])
    assert removed(case, there) == Accepted()
    assert vendor.held == {}
    assert removed(case, there) == Accepted()
    assert len(vendor.bodies("/batch/archive$")) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"status": "COMPLETE"}),
        Reply(200, {"status": "PROCESSING", "results": []}),
        Reply(200, {"results": []}),
        Reply(207, {"status": "COMPLETE", "results": []}),
        Reply(
            207,
            {
                "status": "COMPLETE",
                "results": [],
                "numErrors": 1,
                "errors": [{"category": "RATE_LIMITS", "message": "later", "context": {"ids": ["p1"]}}],
            },
        ),
        failure(500, "INTERNAL_ERROR", "internal error"),
    ],
    ids=["no results", "not complete", "no status", "207 without errors", "another error", "500"],
)
def test_a_look_up_that_does_not_say_who_is_there_removes_nobody(
    reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    vendor.script(reply, path=READ)
    assert isinstance(removed(case, there), Retry)
    assert len(vendor.held) == 3


def test_the_last_request_of_the_window_is_waited_for(
    case: Case, connected: Callable[..., Destination], vendor: Vendor
) -> None:
    there = connected()
    headers = {
        "X-HubSpot-RateLimit-Max": "100",
        "X-HubSpot-RateLimit-Remaining": "0",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "300",
    }
    reply = batch_answer(results("0", "1", "2"), [])
    vendor.script(Reply(200, reply.document, headers=headers), path=UPSERT)
    assert put(case, there) == Accepted()
    began = time.monotonic()
    assert put(case, there) == Accepted()
    assert time.monotonic() - began > 0.25
