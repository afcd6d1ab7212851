"""TikTok: HTTP 200 whatever happens, and a code that says what."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Retry, Split
from cdp_cli.errors import CheckDestination
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.cases import Case, sha256
from tests.python.destinations.contracts.conftest import put, removed
from tests.python.destinations.contracts.vendors.base import Vendor
from tests.python.destinations.contracts.vendors.tiktok import answer

VENDOR = "tiktok"
MAPPING = "/segment/mapping/$"
OK: dict[str, Any] = answer(0, "OK").document


@pytest.mark.parametrize(
    ("code", "message"), [(40105, "Access token is incorrect"), (40001, "No permission")]
)
def test_a_refused_token_under_200_stops_the_run(
    code: int, message: str, case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(answer(code, message), path=MAPPING)
    with pytest.raises(CheckDestination, match=message):
        put(case, there)


def test_too_many_requests_under_200_are_made_later(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.script(answer(40100, "App reaches the QPS limit."), path=MAPPING)
    assert isinstance(put(case, there), Retry)


def test_an_invalid_id_among_many_is_found_by_halving(case: Case, there: Destination, vendor: Vendor) -> None:
    vendor.refused[case.keys[1]] = "bad"
    assert isinstance(put(case, there), Split)
    assert vendor.held == {}
    assert put(case, there, [case.people[0], case.people[2]]) == Accepted()


@pytest.mark.parametrize(
    "document",
    [
        {**OK, "code": 50000, "message": "System error"},
        {**OK, "code": "0"},
        {**OK, "code": False},
        {**OK, "code": None},
        {"message": "OK", "request_id": "r1", "data": {}},
        {"code": 0, "message": "OK"},
    ],
    ids=["an error that is not listed", "a text", "false", "null", "no code", "no request id"],
)
def test_any_other_code_is_in_doubt(
    document: dict[str, Any], case: Case, there: Destination, vendor: Vendor
) -> None:
    vendor.script(Reply(200, document), path=MAPPING)
    assert isinstance(put(case, there), InDoubt)


def test_hashes_are_sent_in_tiktok_s_shape(case: Case, there: Destination, vendor: Vendor) -> None:
    assert put(case, there, [{"email": " Ada@Example.com "}, {"email": "bo@example.com"}]) == Accepted()
    (asked,) = vendor.asked
    assert asked.headers["access-token"] == "token-of-no-one"
    assert asked.json() == {
        "advertiser_ids": ["7178918106775994370"],
        "action": "add",
        "id_schema": ["EMAIL_SHA256"],
        "batch_data": [
            [{"id": sha256("ada@example.com"), "audience_ids": ["167290896"]}],
            [{"id": sha256("bo@example.com"), "audience_ids": ["167290896"]}],
        ],
    }


def test_telephone_numbers_are_an_object_of_their_own(case: Case, connected: Any, vendor: Vendor) -> None:
    phones = connected("phones")
    assert put(case, phones, [{"phone": "+49 (30) 123456"}]) == Accepted()
    body = vendor.asked[-1].json()
    assert body["id_schema"] == ["PHONE_SHA256"]
    assert list(vendor.held) == [sha256("+4930123456")]
    assert removed(case, phones, [{"phone": "+4930123456"}]) == Accepted()
    assert vendor.held == {}


def test_members_are_removed_by_the_same_hash(case: Case, there: Destination, vendor: Vendor) -> None:
    put(case, there)
    assert removed(case, there, case.known[:1]) == Accepted()
    body = vendor.asked[-1].json()
    assert (body["action"], body["batch_data"][0][0]["id"]) == ("delete", case.keys[0])


def test_a_removal_with_an_error_under_200_is_not_done(
    case: Case, there: Destination, vendor: Vendor
) -> None:
    put(case, there)
    vendor.script(answer(50000, "System error"), path=MAPPING)
    assert isinstance(removed(case, there), InDoubt)
    assert len(vendor.held) == 3


@pytest.mark.parametrize("reply", [answer(50000, "error", {"list": [{}]}), answer(0, "OK", {"list": []})])
def test_the_check_wants_the_audience_and_a_good_code(
    reply: Reply, there: Destination, vendor: Vendor
) -> None:
    vendor.script(reply)
    with pytest.raises(CheckDestination):
        there.check()


def test_the_check_asks_for_the_audience(there: Destination, vendor: Vendor) -> None:
    there.check()
    assert vendor.asked[0].query == {
        "advertiser_id": "7178918106775994370",
        "custom_audience_ids": '["167290896"]',
    }


def test_the_check_is_in_tiktok_s_openapi_file(
    there: Destination, vendor: Vendor, shared: Callable[[str], Path]
) -> None:
    path = shared("specs/tiktok/dmp_custom_audience_get.yml")
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    ((where, operations),) = document["paths"].items()
    there.check()
    (asked,) = vendor.asked
    assert (asked.method, asked.path) == ("GET", f"/open_api/v1.3{where}")
    # The file has the token as a parameter; the API takes it as a header.
    known = {one["name"]: one for one in operations["get"]["parameters"] if one["name"] != "Access-Token"}
    assert {name for name, one in known.items() if one["required"]} <= set(asked.query) <= set(known)
    for name, text in asked.query.items():
        is_json = "content" in known[name]
        schema = known[name]["content"]["application/json"]["schema"] if is_json else known[name]["schema"]
        OAS30Validator(schema).validate(json.loads(text) if is_json else text)
        assert not OAS30Validator(schema).is_valid({})
    good = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    OAS30Validator(good).validate(OK)
