"""Customer.io: an empty object is success, and 207 names what was invalid by position."""

from __future__ import annotations

import base64

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Split
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import SqlText, invalid
from tests.python.destinations.contracts.cases import Case
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.vendors.base import Vendor

VENDOR = "customerio"
BATCH = "/api/v2/batch$"


def test_one_bad_person_among_many_is_named(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused["p31"] = "must be a string"
    answer = put(case, there, [{"id": f"p{n}"} for n in range(500)])
    assert answer == Accepted({31: "must be a string"})
    assert len(vendor.held) == 499


def test_every_person_may_be_bad(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused = dict.fromkeys(case.keys, "no")
    assert put(case, there) == Accepted(dict.fromkeys(range(3), "no"))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"errors": [{"batch_index": 0, "reason": "invalid"}]}),
        Reply(200, {"meta": {"error": "name cannot be blank"}}),
        Reply(200, {"message": "please sign in"}),
        Reply(207, {}),
        Reply(207, {"errors": []}),
        Reply(207, {"failures": [{"batch_index": 0}]}),
        Reply(207, {"errors": {"batch_index": 0}}),
        Reply(207, {"errors": [{"batch_index": 3, "reason": "invalid"}]}),
        Reply(207, {"errors": [{"reason": "invalid"}]}),
        Reply(207, {"errors": ["invalid"]}),
        Reply(202, {}),
    ],
    ids=[
        "200 with errors",
        "200 with an error in meta",
        "200 with something else",
        "207 without errors",
        "207 with no error in the list",
        "207 with errors of another name",
        "207 with one error for a list",
        "a position behind the end",
        "an error without a position",
        "an error of another shape",
        "another status",
    ],
)
def test_any_other_answer_acknowledges_nobody(
    reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(reply, path=BATCH)
    answer = put(case, there)
    assert isinstance(answer, InDoubt | Split), answer


def test_a_malformed_batch_is_halved(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.script(Reply(400, {"errors": [{"reason": "invalid", "message": "too large"}]}), path=BATCH)
    assert put(case, there) == Split("HTTP 400: too large")


def test_people_are_sent_in_customer_io_s_shape(case: Case, there: Destination, vendor: Vendor) -> None:
    person = {
        "id": "p1",
        "email": "Ada@Example.com",
        "created_at": SqlText("timestamp '2026-03-01 10:00:00'"),
        "plan": "premium",
    }
    assert put(case, there, [person]) == Accepted()
    (asked,) = vendor.asked
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"site:key-of-no-one").decode()
    assert asked.json() == {
        "batch": [
            {
                "type": "person",
                "action": "identify",
                "identifiers": {"id": "p1"},
                "attributes": {"email": "ada@example.com", "created_at": 1772359200, "plan": "premium"},
            }
        ]
    }


def test_people_are_deleted_by_id(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    vendor.asked.clear()
    assert removed(case, there, [{"id": "p2"}]) == Accepted()
    assert vendor.bodies(BATCH) == [
        {"batch": [{"type": "person", "action": "delete", "identifiers": {"id": "p2"}}]}
    ]


def test_a_removal_that_is_refused_is_not_done(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    vendor.refused["p2"] = "no"
    assert removed(case, there) == Accepted({1: "no"})
    assert list(vendor.held) == ["p2"]


def test_limits_are_customer_io_s(case: Case, there: Destination) -> None:
    limits = there.limits(case.put)
    assert limits.bytes < 500_000
    assert limits.row_bytes == 32_000
    assert invalid(there, case.put, [{"id": "x" * 151}])[0] is not None
