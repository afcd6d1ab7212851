"""Salesforce: a job of five requests, three result files in another order, and tokens of limited life."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Pending, Retry, Split
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import SqlText, batch
from tests.python.destinations.contracts.cases import Case
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.vendors.base import Vendor
from tests.python.destinations.contracts.vendors.salesforce import csv_reply

VENDOR = "salesforce"
JOBS = "/services/data/v67.0/jobs/ingest"
JOB = rf"{JOBS}/\w+$"
UNABLE = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record"


def upload(vendor: Vendor) -> list[dict[str, str]]:
    (sent,) = [asked for asked in vendor.asked if asked.method == "PUT"]
    assert sent.headers["content-type"].partition(";")[0] == "text/csv"
    return list(csv.DictReader(io.StringIO(sent.body.decode(), newline="")))


def test_the_requests_of_a_job(case: Case, there: Destination, vendor: Vendor) -> None:
    assert put(case, there) == Accepted()
    job = f"{JOBS}/750000000000001"
    assert [(asked.method, asked.path) for asked in vendor.asked] == [
        ("POST", "/services/oauth2/token"),
        ("POST", JOBS),
        ("PUT", f"{job}/batches"),
        ("PATCH", job),
        ("GET", job),
        ("GET", job),
        ("GET", f"{job}/successfulResults"),
        ("GET", f"{job}/unprocessedrecords"),
    ]
    assert vendor.bodies(f"{JOBS}$") == [
        {
            "object": "Contact",
            "operation": "upsert",
            "externalIdFieldName": "External_Id__c",
            "contentType": "CSV",
            "lineEnding": "LF",
        }
    ]


def test_one_bad_contact_among_many_is_named(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused["p40"] = UNABLE
    answer = put(case, there, [{"External_Id__c": f"p{n}"} for n in range(1000)])
    assert answer == Accepted({40: UNABLE})
    assert len(vendor.held) == 999


def test_every_contact_may_be_bad(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused = dict.fromkeys(case.keys, UNABLE)
    assert put(case, there) == Accepted(dict.fromkeys(range(3), UNABLE))


def test_a_contact_that_no_file_names_is_unknown(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.lost = {"p2"}  # type: ignore[attr-defined]
    answer = put(case, there)
    assert isinstance(answer, Accepted)
    assert sorted(answer.unknown) == [1]
    assert answer.rejected == {}


def test_unprocessed_contacts_were_not_taken(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.lost = {"p3"}  # type: ignore[attr-defined]
    columns = ["External_Id__c", "Email"]
    row = {"External_Id__c": "p3", "Email": "cy@example.com"}
    vendor.insist(csv_reply(columns, [row]), "unprocessedrecords$")
    answer = put(case, there)
    assert isinstance(answer, Accepted)
    assert sorted(answer.rejected) == [2]


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_a_job_that_failed_leaves_the_batch_in_doubt(
    state: str, case: Case, there: Destination, vendor: Vendor
) -> None:
    job = {"id": "750", "state": state, "numberRecordsProcessed": 3, "numberRecordsFailed": 0}
    vendor.insist(Reply(200, job), JOB, "GET")
    assert isinstance(put(case, there), InDoubt)


@pytest.mark.parametrize(
    "counts",
    [
        {"numberRecordsProcessed": 2, "numberRecordsFailed": 0},
        {"numberRecordsProcessed": 4, "numberRecordsFailed": 0},
        {"numberRecordsFailed": 0},
        {"numberRecordsProcessed": 3},
        {"numberRecordsProcessed": 3, "numberRecordsFailed": 1},
        {"numberRecordsProcessed": 3, "numberRecordsFailed": 4},
    ],
    ids=[
        "fewer processed",
        "more processed",
        "no count of processed",
        "no count of failed",
        "a failure that no file names",
        "more failures than records",
    ],
)
def test_counts_that_do_not_add_up_acknowledge_nobody(
    counts: dict[str, Any], case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.insist(Reply(200, {"id": "750", "state": "JobComplete", **counts}), JOB, "GET")
    answer = put(case, there)
    assert isinstance(answer, InDoubt | Split), answer


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, raw=b"<html>Sign in</html>", content_type="text/html"),
        Reply(200, {"records": []}),
        Reply(200, raw=b"", content_type="text/csv"),
        Reply(200, raw=b'"sf__Id","sf__Created"\n"003","true"\n', content_type="text/csv"),
    ],
    ids=["a login page", "JSON", "nothing", "a file without the external id"],
)
def test_a_result_file_that_is_none_acknowledges_nobody(
    reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.insist(reply, "successfulResults$")
    assert isinstance(put(case, there), InDoubt)


def test_a_result_file_that_cannot_be_had_is_asked_for_again(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    error = [{"errorCode": "UNKNOWN_EXCEPTION", "message": "An unexpected error occurred"}]
    vendor.script(Reply(500, error), path="successfulResults$")
    assert put(case, there) == Accepted()
    assert len(vendor.jobs) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "method", "reply"),
    [
        (f"{JOBS}$", "POST", Reply(200, {"id": "750"})),
        (f"{JOBS}$", "POST", Reply(200, {"state": "Open"})),
        ("batches$", "PUT", Reply(200, {"error": "no"})),
        (JOB, "PATCH", Reply(200, {"id": "750", "state": "Open"})),
    ],
    ids=["a job without a state", "a job without an id", "an upload with an answer", "a job still open"],
)
def test_a_step_without_its_evidence_goes_no_further(
    path: str, method: str, reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.insist(reply, path, method)
    # A job without rows holds nothing: it is made again.
    assert isinstance(put(case, there), Retry if method == "POST" else InDoubt)
    assert vendor.asked[-1].method == method


def test_the_job_is_kept_before_its_rows_are_sent(case: Case, there: Destination, vendor: Vendor) -> None:
    first = there.send(batch(there, case.put, case.people))
    assert isinstance(first, Pending)
    assert "750000000000001" in first.kept.values()
    assert [asked.method for asked in vendor.asked] == ["POST", "POST"]


def test_an_upload_that_failed_is_made_again_into_the_same_job(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    later = Reply(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "later"}])
    vendor.script(later, later, path="batches$")
    assert put(case, there) == Accepted()
    assert len(vendor.jobs) == 1  # type: ignore[attr-defined]


def test_a_session_that_has_ended_is_renewed(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    vendor.tokens.clear()  # type: ignore[attr-defined]
    assert put(case, there) == Accepted()
    assert [asked.path for asked in vendor.asked].count("/services/oauth2/token") == 2


def test_contacts_are_sent_as_csv(case: Case, there: Destination, vendor: Vendor) -> None:
    people = [
        {
            "External_Id__c": "p1",
            "Email": " Ada@Example.com ",
            "LastName": 'Löve, "the first"\nof two lines',
            "Revenue__c": SqlText("12.50::decimal(10, 2)"),
            "Member__c": True,
            "Last_Order__c": SqlText("timestamp '2026-03-01 10:00:00'"),
        },
        {"External_Id__c": "p2"},
    ]
    assert put(case, there, people) == Accepted()
    first, second = upload(vendor)
    assert first == {
        "External_Id__c": "p1",
        "Email": "ada@example.com",
        "LastName": 'Löve, "the first"\nof two lines',
        "Revenue__c": "12.50",
        "Member__c": "true",
        "Last_Order__c": "2026-03-01T10:00:00Z",
    }
    assert second == {**dict.fromkeys(first, ""), "External_Id__c": "p2"}


def test_contacts_are_deleted_by_salesforce_s_own_ids(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there, [{"External_Id__c": "o'neil"}, *case.people])
    assert removed(case, there, [{"External_Id__c": "o'neil"}, {"External_Id__c": "p1"}]) == Accepted()
    assert sorted(vendor.held) == ["p2", "p3"]


def test_a_contact_that_is_not_there_is_gone(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there, case.people[:1])
    assert removed(case, there) == Accepted()
    assert vendor.held == {}


def test_a_contact_that_may_not_be_deleted_is_named(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    vendor.refused["p2"] = "Your attempt to delete could not be completed because of some opportunities"
    assert removed(case, there) == Accepted({1: vendor.refused["p2"]})
    assert list(vendor.held) == ["p2"]


def test_all_pages_of_a_query_are_read(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there, case.people[:2])
    first, second = (
        {"Id": contact["Id"], "External_Id__c": key} for key, contact in list(vendor.held.items())
    )
    more = "/services/data/v67.0/query/01g-2000"
    vendor.script(
        Reply(200, {"totalSize": 2, "done": False, "records": [first], "nextRecordsUrl": more}),
        path="/query$",
    )
    vendor.script(Reply(200, {"totalSize": 2, "done": True, "records": [second]}), path="/query/01g-2000$")
    assert removed(case, there) == Accepted()
    assert vendor.held == {}


@pytest.mark.parametrize(
    "document",
    [
        {"totalSize": 3, "done": False, "records": []},
        {"totalSize": 0, "records": []},
        {"totalSize": 0, "done": True},
        {},
    ],
    ids=["more pages without an address", "no word of more pages", "no records", "nothing"],
)
def test_a_query_that_does_not_say_who_is_there_removes_nobody(
    document: dict[str, Any], case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    vendor.script(Reply(200, document), path="/query$")
    assert isinstance(removed(case, there), Retry)
    assert len(vendor.held) == 3


def test_a_contact_without_an_id_is_unknown(case: Case, there: Destination, vendor: Vendor) -> None:
    columns = ["sf__Id", "sf__Created", "External_Id__c"]
    rows = [dict(zip(columns, ("003", "true", key), strict=True)) for key in case.keys]
    vendor.insist(csv_reply(columns, [{**rows[0], "sf__Id": ""}, *rows[1:]]), "successfulResults$")
    answer = put(case, there)
    assert isinstance(answer, Accepted)
    assert sorted(answer.unknown) == [0]
