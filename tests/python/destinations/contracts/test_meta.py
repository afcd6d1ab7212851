"""Meta: hashed rows as arrays, a session of batches, and a count of invalid entries without their names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Part, Refused, Retry, Split
from cdp_cli.errors import CheckDestination
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import invalid
from tests.python.destinations.contracts.cases import Case, sha256
from tests.python.destinations.contracts.conftest import numbered, put, removed
from tests.python.destinations.contracts.vendors.base import Vendor
from tests.python.destinations.contracts.vendors.meta import error, received

VENDOR = "meta"
USERS = "/users$"
AUDIENCE = "23850000000000001"
GOOD: dict[str, Any] = received(AUDIENCE, {"session_id": 1}, 3).document


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


def test_an_invalid_entry_that_is_not_named_is_found_by_halving(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.refused[case.keys[1]] = "bad"
    assert isinstance(put(case, there), Split)
    assert put(case, there, case.people[:1]) == Accepted()
    assert put(case, there, case.people[2:]) == Accepted()
    assert isinstance(put(case, there, case.people[1:2]), Refused)


def test_entries_that_are_all_invalid_are_refused(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused = dict.fromkeys(case.keys, "bad")
    assert isinstance(put(case, there), Refused)


@pytest.mark.parametrize(
    "document",
    [
        {**GOOD, "num_received": 2},
        {**GOOD, "num_received": 4},
        without("num_received"),
        without("num_invalid_entries"),
        {**GOOD, "num_invalid_entries": 4},
        {**GOOD, "num_invalid_entries": None},
        {**GOOD, "num_invalid_entries": -1},
        without("session_id"),
        without("audience_id"),
        {"success": True},
        {"error": {"message": "Unknown error", "code": 99}},
    ],
    ids=[
        "fewer received",
        "more received",
        "no count of received",
        "no count of invalid",
        "more invalid than sent",
        "null invalid",
        "negative invalid",
        "no session",
        "no audience",
        "success",
        "an error under 200",
    ],
)
def test_an_answer_that_does_not_add_up_is_in_doubt(
    document: dict[str, Any], case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(Reply(200, document), path=USERS)
    assert isinstance(put(case, there), InDoubt)


@pytest.mark.parametrize("code", [10, 102, 190, 200, 294])
def test_an_error_of_token_or_permission_stops_the_run(
    code: int, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(error(400, code, "no permission"), path=USERS)
    with pytest.raises(CheckDestination, match="no permission"):
        put(case, there)


@pytest.mark.parametrize("code", [4, 17, 341, 80003])
def test_too_many_calls_are_made_later(code: int, case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.script(error(400, code, "too many calls"), path=USERS)
    assert isinstance(put(case, there), Retry)


@pytest.mark.parametrize("code", [1, 2])
def test_a_failure_of_meta_s_own_is_in_doubt(
    code: int, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(error(500 if code == 1 else 400, code, "please retry"), path=USERS)
    assert isinstance(put(case, there), InDoubt)


def test_a_parameter_that_is_wrong_is_found_by_halving(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(error(400, 100, "(#100) Invalid parameter"), path=USERS)
    assert put(case, there) == Split("HTTP 400: (#100) Invalid parameter")


def test_rows_are_arrays_of_hashes_in_the_order_of_the_schema(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    people = [
        {"EMAIL": " Ada@Example.com", "PHONE": "+49 (30) 123456", "EXTERN_ID": "p1"},
        {"EMAIL": "bo@example.com"},
        {"PHONE": "+4930123458"},
    ]
    sent = numbered(there, case.put, people, Part("run-7", 2, is_last=True, rows=10_003))
    assert there.send(sent) == Accepted()
    (asked,) = vendor.asked
    assert asked.method == "POST"
    assert asked.path == f"/v25.0/{AUDIENCE}/users"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["authorization"] == "Bearer token-of-no-one"
    form = {key: json.loads(value) for key, value in asked.form().items()}
    assert form["payload"] == {
        "schema": ["EMAIL", "PHONE", "EXTERN_ID"],
        "data": [
            [sha256("ada@example.com"), sha256("4930123456"), "p1"],
            [sha256("bo@example.com"), "", ""],
            ["", sha256("4930123458"), ""],
        ],
    }
    del form["session"]["session_id"]  # the next test has it
    assert form["session"] == {"batch_seq": 2, "last_batch_flag": True, "estimated_num_total": 10_003}


def test_all_batches_of_a_run_are_one_session(case: Case, there: Destination, vendor: Vendor) -> None:
    for run, number in (("run-7", 1), ("run-7", 2), ("run-8", 1)):
        part = Part(run, number, is_last=number == 2, rows=6)
        assert there.send(numbered(there, case.put, case.people, part)) == Accepted()
    sessions = [json.loads(asked.form()["session"]) for asked in vendor.asked]
    first, second, other = (session["session_id"] for session in sessions)
    assert first == second != other
    assert all(type(one) is int and 0 < one < 2**63 for one in (first, other))
    assert [(one["batch_seq"], one["last_batch_flag"]) for one in sessions[:2]] == [(1, False), (2, True)]


def test_members_are_removed_by_the_same_hashes(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    assert removed(case, there, case.known[:1]) == Accepted()
    asked = vendor.asked[-1]
    assert asked.method == "DELETE"
    payload = json.loads(asked.form()["payload"])
    row = dict(zip(payload["schema"], payload["data"][0], strict=True))
    assert row["EMAIL"] == case.keys[0]
    assert sorted(vendor.held) == sorted(case.keys[1:])


def test_a_removal_that_meta_did_not_receive_is_in_doubt(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    vendor.script(Reply(200, {**GOOD, "num_received": 0}), path=USERS, method="DELETE")
    assert isinstance(removed(case, there), InDoubt)


def test_someone_without_any_identifier_is_not_sent(case: Case, there: Destination) -> None:
    assert invalid(there, case.put, [{"EMAIL": "", "PHONE": None}])[0] is not None


def test_every_request_is_an_edge_of_meta_s_own_list(
    case: Case, there: Destination, vendor: Vendor, shared: Callable[[str], Path]
) -> None:
    listed = json.loads(shared("specs/meta/CustomAudience.json").read_text(encoding="utf-8"))["apis"]
    edges = {(edge["method"], edge.get("endpoint", "")): edge["params"] for edge in listed}
    put(case, there)
    removed(case, there)
    for asked in vendor.asked:
        params = edges[asked.method, asked.path.removeprefix(f"/v25.0/{AUDIENCE}/")]
        assert set(asked.form()) <= {one["name"] for one in params}
        assert {one["name"] for one in params if one["required"]} <= set(asked.form())
    assert [asked.method for asked in vendor.asked] == ["POST", "DELETE"]
