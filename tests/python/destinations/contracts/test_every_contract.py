"""What holds for each of the eight contracts, whatever its vendor's answers look like."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Retry
from cdp_cli.errors import CheckDestination
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.conftest import batch, deliver
from tests.python.destinations.contracts.cases import CASES, Case
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.vendors.base import Vendor

every_contract = pytest.mark.parametrize("case", sorted(CASES), indirect=True)

# Answers that no vendor's contract has, under the status of success.
LOGIN_PAGE = b"<!doctype html><title>Sign in</title><form action=/login>"
STRANGE = {
    "a login page": {"raw": LOGIN_PAGE, "content_type": "text/html"},
    "a login page that says that it is JSON": {"raw": LOGIN_PAGE},
    "JSON cut in half": {"raw": b'{"status": "COMPLETE", "results": [{"id'},
    "an error": {"document": {"error": "something went wrong"}},
    "an empty list": {"document": []},
    "a text": {"document": "ok"},
    "nothing": {},
}


@every_contract
def test_all_rows_are_accepted(case: Case, there: Destination, vendor: Vendor) -> None:
    assert put(case, there) == Accepted()
    assert sorted(vendor.held) == sorted(case.keys)


@every_contract
def test_a_removal_removes_those_people_and_nobody_else(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    assert removed(case, there, case.known[:2]) == Accepted()
    assert set(vendor.held) < set(case.keys)
    assert len(vendor.held) == len(case.keys) // 3


@every_contract
def test_the_same_rows_again_change_nothing(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    before = {key: dict(value) if isinstance(value, dict) else value for key, value in vendor.held.items()}
    assert put(case, there) == Accepted()
    assert vendor.held == before


@every_contract
@pytest.mark.parametrize("status", [200, 201, 202, 204, 207])
@pytest.mark.parametrize("strange", sorted(STRANGE))
def test_an_answer_that_the_contract_does_not_have_proves_nothing(
    strange: str, status: int, case: Case, there: Destination, vendor: Vendor
) -> None:
    if (status == 204 and strange != "nothing") or (strange, status) in case.proof:
        pytest.skip("204 has no body, and for some an empty 201 is success")
    vendor.script(Reply(status, **STRANGE[strange]), path=case.path, method=case.method)
    assert isinstance(put(case, there), InDoubt)


@every_contract
@pytest.mark.parametrize("some_are_bad", [False, True])
def test_a_good_answer_of_another_type_proves_nothing(
    some_are_bad: bool, case: Case, there: Destination, vendor: Vendor
) -> None:
    if not case.is_typed:
        pytest.skip("the vendor states no media type")
    put(case, there)
    removed(case, there, case.known[:1])
    # Of each request alone. Empty answers have no type, files of results are told by their header, secrets
    # are another matter, and who was refused is not there to be removed.
    paths = {re.sub(r"\d+", r"\\d+", asked.path) for asked in vendor.asked}
    vendor.refused = dict.fromkeys(case.keys[:1], "no") if some_are_bad else {}
    for path in sorted(paths):
        if re.search(r"token$|batches$|archive$|Results$|records$", path):
            continue
        if some_are_bad and "composite" in path:
            continue
        vendor.mislabelled = path
        answers = [
            deliver(there, batch(there, case.put, case.people, key=f"put {path}")),
            deliver(there, batch(there, case.remove, case.known[:1], key=f"remove {path}")),
        ]
        assert any(not isinstance(answer, Accepted) for answer in answers), path


@every_contract
def test_a_check_of_another_type_proves_nothing(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.mislabelled = r"(?!.*token$).*"
    with pytest.raises(CheckDestination):
        there.check()


@every_contract
@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_leaves_the_batch_in_doubt(
    status: int, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(Reply(status, raw=b"<h1>Error</h1>", content_type="text/html"), path=case.path)
    assert isinstance(put(case, there), InDoubt)
    assert put(case, there) == Accepted()


@every_contract
def test_calls_that_come_too_fast_are_made_later(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.script(case.too_many, path=case.first or case.path)
    answer = there.send(batch(there, case.put, case.people))
    assert isinstance(answer, Retry)
    assert answer.after == case.after


@every_contract
def test_the_check_accepts_good_credentials(case: Case, there: Destination) -> None:
    there.check()


@every_contract
def test_refused_credentials_stop_the_run(
    case: Case, connected: Callable[..., Destination], vendor: Vendor
) -> None:
    secret = next(iter(reversed(vendor.connection_secrets())))
    if secret == "service_account":
        pytest.skip("the key of a service account is not sent: tests of google have it")
    there = connected(**{secret: "wrong"})
    for ask in (there.check, lambda: there.send(batch(there, case.put, case.people))):
        with pytest.raises(CheckDestination) as caught:
            ask()
        assert "wrong" not in str(caught.value)
    assert vendor.held == {}


@every_contract
def test_a_login_page_is_no_proof_of_good_credentials(case: Case, there: Destination, vendor: Vendor) -> None:
    page = Reply(200, raw=LOGIN_PAGE, content_type="text/html")
    vendor.script(page, page, page)
    with pytest.raises(CheckDestination):
        there.check()


@every_contract
def test_an_empty_object_is_no_proof_of_good_credentials(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    if case.vendor.destination == "google":
        pytest.skip("Google's answer to a request that is only validated may be empty")
    vendor.script(Reply(200, {}), method="GET")
    with pytest.raises(CheckDestination):
        there.check()


@every_contract
def test_reasons_name_nobody_and_no_secret(case: Case, there: Destination, vendor: Vendor) -> None:
    secret = next(iter(vendor.secrets.values()), "")
    told = f"bad: {secret} ada@example.com"
    for key in case.keys:
        vendor.refused[key] = told
    shown = str(put(case, there))
    assert "ada@example.com" not in shown
    assert not secret or secret not in shown
