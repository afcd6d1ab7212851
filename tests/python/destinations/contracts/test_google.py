"""Google: a request's id is kept and asked about until it is done; errors name records by position."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Pending, Split
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import batch
from tests.python.destinations.contracts.cases import Case, sha256
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.discovery import Discovery
from tests.python.destinations.contracts.vendors.base import Vendor
from tests.python.destinations.contracts.vendors.google import error, status_of

VENDOR = "google"
STATUS = "requestStatus:retrieve$"
INVALID = "PROCESSING_ERROR_REASON_INVALID_FORMAT"


def status(**changes: Any) -> Reply:
    found = status_of("Ingestion", {}, 3, {})
    return Reply(200, {"requestStatusPerDestination": [{**found, **changes}]})


def counted(records: Any, kind: str = "Ingestion") -> dict[str, Any]:
    return {f"userData{kind}Status": {"recordCount": records}}


def errors(*counts: dict[str, Any]) -> dict[str, Any]:
    return {"requestStatus": "PARTIAL_SUCCESS", "errorInfo": {"errorCounts": list(counts)}}


def test_bad_members_among_many_are_named(case: Case, there: Destination, vendor: Vendor) -> None:
    people = [{"email": f"{n}@example.com"} for n in range(200)]
    for n in (7, 150):
        vendor.refused[sha256(f"{n}@example.com")] = INVALID
    vendor.refused[sha256("11@example.com")] = "PROCESSING_ERROR_REASON_DENIED_CONSENT"
    assert put(case, there, people) == Accepted(
        {7: INVALID, 11: "PROCESSING_ERROR_REASON_DENIED_CONSENT", 150: INVALID}
    )
    assert len(vendor.held) == 197


def test_every_member_may_be_bad(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused = dict.fromkeys(case.keys, INVALID)
    assert put(case, there) == Accepted(dict.fromkeys(range(3), INVALID))


def test_a_request_is_asked_about_after_half_an_hour(case: Case, there: Destination, vendor: Vendor) -> None:
    pending = there.send(batch(there, case.put, case.people))
    assert isinstance(pending, Pending)
    assert pending.after == 1800
    assert "request1" in pending.kept.values()
    assert len([asked for asked in vendor.asked if asked.method == "POST" and ":ingest" in asked.path]) == 1


@pytest.mark.parametrize(
    "reply",
    [
        status(audienceMembersIngestionStatus=counted("2")),
        status(audienceMembersIngestionStatus=counted("4")),
        status(audienceMembersIngestionStatus=counted(None)),
        status(audienceMembersIngestionStatus={}),
        status(requestStatus="PARTIAL_SUCCESS"),
        status(requestStatus="FAILED"),
        status(**errors({"reason": INVALID, "recordCount": "2", "recordIndices": [1]})),
        status(**errors({"reason": INVALID, "recordCount": "1"})),
        status(**errors({"reason": INVALID, "recordCount": "1", "recordIndices": []})),
        status(**errors({"reason": INVALID, "recordCount": "1", "recordIndices": [3]})),
        status(**errors({"reason": INVALID, "recordCount": "1", "recordIndices": ["one"]})),
        status(
            **errors({"reason": INVALID, "recordCount": "1", "recordIndices": [1]}),
            audienceMembersIngestionStatus=counted("2"),
        ),
        status(errorInfo={"errorCounts": [{"reason": INVALID, "recordCount": "1", "recordIndices": [1]}]}),
        Reply(200, {"requestStatusPerDestination": []}),
        Reply(200, {}),
    ],
    ids=[
        "fewer records",
        "more records",
        "no number of records",
        "no status of user data",
        "partial success without errors",
        "failed without errors",
        "fewer positions than records",
        "no positions",
        "an empty list of positions",
        "a position behind the end",
        "a position that is no number",
        "fewer records beside an error",
        "success with errors",
        "no destination",
        "nothing",
    ],
)
def test_a_status_that_does_not_add_up_acknowledges_nobody(
    reply: Reply, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.insist(reply, STATUS)
    answer = put(case, there)
    assert isinstance(answer, InDoubt | Split), answer


def test_a_request_that_fails_the_basic_validation_is_halved(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(error(400, "INVALID_ARGUMENT", "There was a problem with the request."), path=":ingest$")
    assert put(case, there) == Split("HTTP 400: There was a problem with the request.")


def test_an_answer_without_a_request_id_is_in_doubt(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.script(Reply(200, {"fieldWarnings": []}), path=":ingest$")
    assert isinstance(put(case, there), InDoubt)


def test_members_are_sent_as_hashes(case: Case, there: Destination, vendor: Vendor) -> None:
    people = [
        {"email": " Jane.Doe@GMail.com ", "phone": "+49 (30) 123456"},
        {"email": "jane.doe@example.com"},
        {"phone": "+4930123458"},
    ]
    assert put(case, there, people) == Accepted()
    (body,) = vendor.bodies(":ingest$")
    assert body["encoding"] == "HEX"
    assert body["consent"] == {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"}
    assert body["destinations"] == [
        {
            "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"},
            "productDestinationId": "9876543210",
        }
    ]
    assert [member["userData"]["userIdentifiers"] for member in body["audienceMembers"]] == [
        [{"emailAddress": sha256("janedoe@gmail.com")}, {"phoneNumber": sha256("+4930123456")}],
        [{"emailAddress": sha256("jane.doe@example.com")}],
        [{"phoneNumber": sha256("+4930123458")}],
    ]


def test_members_are_removed_and_the_removal_is_asked_about(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    assert removed(case, there) == Accepted()
    assert vendor.held == {}
    reply = Reply(200, {"requestStatusPerDestination": [status_of("Removal", {}, 2, {})]})
    vendor.insist(reply, STATUS)
    assert isinstance(removed(case, there), InDoubt)


def test_a_token_is_asked_for_once(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    removed(case, there)
    (claims,) = vendor.claims  # type: ignore[attr-defined]
    assert claims["iss"] == "cdp@example.iam.gserviceaccount.com"
    assert claims["aud"] == f"{vendor.url}/token"
    assert 0 < claims["exp"] - claims["iat"] <= 3600


def test_every_body_is_one_of_google_s_discovery_document(
    case: Case, there: Destination, vendor: Vendor, shared: Callable[[str], Path]
) -> None:
    discovery = Discovery(shared("specs/google/datamanager.v1.discovery.json"))
    assert discovery.wrongs("IngestAudienceMembersRequest", {"audienceMembers": [{"email": "x"}]})
    put(case, there)
    removed(case, there)
    (added,), (gone,) = vendor.bodies(":ingest$"), vendor.bodies(":remove$")
    assert discovery.wrongs("IngestAudienceMembersRequest", added) == []
    assert discovery.wrongs("RemoveAudienceMembersRequest", gone) == []
    asked = next(asked for asked in vendor.asked if "requestStatus" in asked.path)
    assert list(asked.query) == ["requestId"]
    # The server's own answers are held against it too.
    for found in vendor.requests.values():  # type: ignore[attr-defined]
        answer = {"requestStatusPerDestination": [found]}
        assert discovery.wrongs("RetrieveRequestStatusResponse", answer) == []
