"""Braze: "success" with errors in it, named by position, and a count of what was queued."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Retry, Split
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import SqlText
from tests.python.destinations.contracts.cases import Case
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.vendors.base import Vendor

VENDOR = "braze"
TRACK, DELETE = "/users/track$", "/users/delete$"


def success(processed: Any, *errors: Any) -> Reply:
    answer: dict[str, Any] = {"message": "success", "attributes_processed": processed}
    return Reply(201, {**answer, "errors": list(errors)} if errors else answer)


def error(index: Any) -> dict[str, Any]:
    return {"type": "no", "input_array": "attributes", "index": index}


def test_one_bad_user_among_many_is_named(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused["p7"] = "'email' is invalid"
    answer = put(case, there, [{"external_id": f"p{n}"} for n in range(75)])
    assert answer == Accepted({7: "'email' is invalid"})
    assert len(vendor.held) == 74


def test_users_that_are_all_bad_are_found_by_halving(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused = dict.fromkeys(case.keys, "no")
    assert isinstance(put(case, there), Split)


@pytest.mark.parametrize(
    "reply",
    [
        success(2),
        success(4),
        success(None),
        success(3, error(1)),
        success(2, error(None)),
        success(2, error(3)),
        success(2, error(-1)),
        success(1, error(1), error(1)),
        success(2, "a sentence about a user"),
        Reply(201, {"message": "Valid data must be provided", "attributes_processed": 3}),
        Reply(201, {"attributes_processed": 3}),
        Reply(200, {"message": "success", "attributes_processed": 3}),
    ],
    ids=[
        "fewer than sent",
        "more than sent",
        "no count",
        "errors beside a full count",
        "an error without a position",
        "a position behind the end",
        "a position before the start",
        "the same position twice",
        "an error of another shape",
        "another message",
        "no message",
        "another status",
    ],
)
def test_counts_that_do_not_add_up_acknowledge_nobody(
    reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(reply, path=TRACK)
    answer = put(case, there)
    assert isinstance(answer, InDoubt | Split), answer


def test_attributes_are_sent_in_braze_s_shape(case: Case, there: Destination, vendor: Vendor) -> None:
    person = {
        "external_id": " p1 ",
        "email": "Ada@Example.com",
        "phone": "+49 (30) 123456",
        "last_order_at": SqlText("timestamp '2026-03-01 10:00:00'"),
        "orders": 3,
    }
    assert put(case, there, [person]) == Accepted()
    assert vendor.asked[0].headers["authorization"] == "Bearer key-of-no-one"
    assert vendor.bodies(TRACK) == [
        {
            "attributes": [
                {
                    "external_id": "p1",
                    "email": "ada@example.com",
                    "phone": "+4930123456",
                    "last_order_at": "2026-03-01T10:00:00Z",
                    "orders": 3,
                }
            ]
        }
    ]


def test_users_are_deleted_by_external_id(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    assert removed(case, there) == Accepted()
    assert vendor.bodies(DELETE) == [{"external_ids": ["p1", "p2", "p3"]}]


@pytest.mark.parametrize(
    ("message", "deleted"),
    [("success", 0), ("success", 2), ("success", 4), ("success", None), ("no user found", 3), (None, 3)],
)
def test_an_answer_without_the_number_of_users_and_success_is_no_removal(
    message: Any, deleted: Any, case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    vendor.script(Reply(200, {"message": message, "deleted": deleted}), path=DELETE)
    assert isinstance(removed(case, there), InDoubt)


def test_the_end_of_the_window_is_waited_for(case: Case, there: Destination, vendor: Vendor) -> None:
    reset = int(time.time()) + 2
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    reply = Reply(429, {"message": "Rate limit exceeded"}, headers=headers)
    vendor.script(reply, path=TRACK)
    answer = put(case, there)
    assert isinstance(answer, Retry)
    assert answer.after is not None
    assert 0 < answer.after <= 2
    assert put(case, there) == Accepted()
    assert time.time() >= reset


def test_batches_are_as_large_as_braze_takes(case: Case, there: Destination) -> None:
    assert there.limits(case.put).rows == 75
    assert there.limits(case.remove).rows == 50
