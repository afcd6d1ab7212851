"""Zendesk: each request is a job, whose results stand in the order of the users."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Pending, Split
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import batch
from tests.python.destinations.contracts.cases import Case
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.vendors.base import Vendor
from tests.python.destinations.contracts.vendors.zendesk import failed, job

VENDOR = "zendesk"
JOB = "/job_statuses/"
CREATED = {"id": 900001, "status": "Created"}
UPDATED = {"id": 900002, "status": "Updated"}


def completed(*results: dict[str, Any], total: Any = 3, status: str = "completed") -> Reply:
    return Reply(200, job("job1", status, total, list(results)))


def test_one_bad_user_among_many_is_named(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused["p42"] = "Email: error is not properly formatted"
    answer = put(case, there, [{"external_id": f"p{n}", "name": f"N{n}"} for n in range(100)])
    assert answer == Accepted({42: "Email: error is not properly formatted"})
    assert len(vendor.held) == 99


def test_every_user_may_be_bad(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused = dict.fromkeys(case.keys, "no")
    assert put(case, there) == Accepted(dict.fromkeys(range(3), "no"))


def test_created_and_updated_users_are_accepted(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there, case.people[:1])
    assert put(case, there) == Accepted()


def test_a_job_is_asked_about_and_not_started_again(case: Case, there: Destination, vendor: Vendor) -> None:
    pending = there.send(batch(there, case.put, case.people))
    assert isinstance(pending, Pending)
    assert "job1" in pending.kept.values()
    assert not any("example.com" in value for value in pending.kept.values())
    put(case, there)
    assert [asked.method for asked in vendor.asked].count("POST") == 2  # of two batches


@pytest.mark.parametrize("status", ["failed", "killed"])
def test_a_job_that_failed_leaves_the_batch_in_doubt(
    status: str, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.insist(completed(CREATED, total=3, status=status), JOB)
    assert isinstance(put(case, there), InDoubt)


@pytest.mark.parametrize(
    "reply",
    [
        completed(),
        completed(CREATED, UPDATED),
        completed(CREATED, UPDATED, CREATED, CREATED),
        completed(CREATED, CREATED, CREATED, total=2),
        completed(CREATED, CREATED, CREATED, total=None),
        Reply(200, job("job1", "completed", 3, None)),
        completed(CREATED, {"id": 900003}, CREATED),
        completed(CREATED, {"id": 900003, "status": "Skipped"}, CREATED),
        completed(CREATED, {"status": "Created"}, CREATED),
    ],
    ids=[
        "no results",
        "fewer results",
        "more results",
        "fewer tasks than users",
        "no number of tasks",
        "null for results",
        "a result without a status",
        "a result with an unknown status",
        "a result without an id",
    ],
)
def test_results_that_do_not_say_what_became_of_a_user_do_not_acknowledge_it(
    reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.insist(reply, JOB)
    answer = put(case, there)
    assert answer != Accepted()
    if isinstance(answer, Accepted):
        assert answer.unknown
        assert answer.rejected == {}


def test_a_failed_user_beside_an_unknown_one(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.insist(completed(failed(0, "no"), {"id": 2}, UPDATED), JOB)
    answer = put(case, there)
    assert isinstance(answer, Accepted)
    assert answer.rejected == {0: "no"}
    assert sorted(answer.unknown) == [1]


def test_too_many_users_are_halved(case: Case, there: Destination, vendor: Vendor) -> None:
    reply = Reply(400, {"error": "TooManyValues", "description": "Too many values were given"})
    vendor.script(reply, path="create_or_update_many")
    assert put(case, there) == Split("HTTP 400: Too many values were given")


def test_the_end_of_the_minute_is_waited_for(case: Case, there: Destination, vendor: Vendor) -> None:
    headers = {"ratelimit-remaining": "0", "ratelimit-reset": "1"}
    vendor.script(Reply(200, {"user": {"id": 1}}, headers=headers), path="/users/me")
    there.check()
    began = time.monotonic()
    there.check()
    assert time.monotonic() - began > 0.9


def test_users_are_sent_in_zendesk_s_shape(case: Case, there: Destination, vendor: Vendor) -> None:
    person = {
        "external_id": "p1",
        "email": "Ada@Example.com",
        "name": " Ada ",
        "user_fields.plan": "premium",
        "skip_verify_email": True,
    }
    assert put(case, there, [person]) == Accepted()
    assert vendor.bodies("create_or_update_many") == [
        {
            "users": [
                {
                    "external_id": "p1",
                    "email": "ada@example.com",
                    "name": "Ada",
                    "user_fields": {"plan": "premium"},
                    "skip_verify_email": True,
                }
            ]
        }
    ]


def test_users_are_deleted_by_external_id(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    people = [{"external_id": "p1"}, {"external_id": "p3"}]
    assert removed(case, there, people) == Accepted()
    assert list(vendor.held) == ["p2"]


@pytest.mark.parametrize("reply", [completed(total=4), completed(total=None), completed(status="failed")])
def test_a_deletion_that_is_not_complete_is_not_done(
    reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    vendor.insist(reply, JOB)
    assert isinstance(removed(case, there), InDoubt)
