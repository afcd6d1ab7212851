"""Every request that we send to Klaviyo, held against Klaviyo's OpenAPI file; the receiver's answers too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from cdp_cli.destinations import load_definition
from cdp_cli.destinations.base import Accepted, Batch, Destination, Verb
from cdp_cli.destinations.definition import windows
from cdp_cli.http import Http
from cdp_cli.receiver import Receiver
from cdp_cli.receiver.exchange import Request
from tests.python.destinations.conftest import SqlText, batch, deliver

Open = Callable[[str, str], Destination]
PERSON: dict[str, Any] = {
    "external_id": "p1",
    "email": " Ada@Example.com ",
    "phone_number": "+49 (30) 123456-78",
    "first_name": "Ada \"the 'first'\" Löve",
    "location.city": "Köln",
    "location.zip": None,
    "properties.revenue_365d": SqlText("12.50::decimal(10, 2)"),
    "properties.is_member": True,
    "properties.last_order_at": SqlText("timestamp '2026-03-01 10:00:00'"),
}


class Contract:
    """Klaviyo's OpenAPI file."""

    def __init__(self, path: Path) -> None:
        self.document = json.loads(path.read_text(encoding="utf-8"))
        resource = DRAFT4.create_resource(self.document)
        self.registry = Registry().with_resource("spec", resource)

    def find(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path.rstrip("/")) and method.lower() in operations:
                return template, operations[method.lower()]
        raise AssertionError(f"Klaviyo has no {method} {path}")

    def wrongs(self, schema: Any, value: Any) -> list[str]:
        anchored = json.loads(json.dumps(schema).replace('"#/', '"spec#/'))
        validator = OAS30Validator(anchored, registry=self.registry)
        return [error.message for error in validator.iter_errors(value)]

    def wrongs_of_request(self, request: Request) -> list[str]:
        """What Klaviyo would have against a request: unknown parameters, missing headers, a wrong body."""
        _, operation = self.find(request.method, request.path)
        wrongs = []
        query = {p["name"]: p for p in operation.get("parameters", []) if p["in"] == "query"}
        for name, text in request.query.items():
            if name not in query:
                wrongs.append(f"unknown parameter {name}")
                continue
            kind = query[name]["schema"].get("type")
            value: Any = text.split(",") if kind == "array" else int(text) if kind == "integer" else text
            wrongs += self.wrongs(query[name]["schema"], value)
        for header in (
            p for p in operation.get("parameters", []) if p["in"] == "header" and p.get("required")
        ):
            if header["name"].lower() not in request.headers:
                wrongs.append(f"missing header {header['name']}")
        if "requestBody" in operation:
            ((content_type, media),) = operation["requestBody"]["content"].items()
            if request.headers.get("content-type") != content_type:
                wrongs.append(f"the body is not {content_type}")
            wrongs += self.wrongs(media["schema"], request.json())
            wrongs += self.unknown(media["schema"], request.json())
        return wrongs

    def unknown(self, schema: dict[str, Any], value: Any, at: str = "body") -> list[str]:
        """Keys that the schema does not name: it would let them pass, Klaviyo does not."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if isinstance(value, list):
            return [w for entry in value for w in self.unknown(schema.get("items", {}), entry, at)]
        if not isinstance(value, dict) or "properties" not in schema:
            return []
        wrongs = [f"unknown key {at}.{key}" for key in value if key not in schema["properties"]]
        for key, inner in schema["properties"].items():
            wrongs += self.unknown(inner, value.get(key), f"{at}.{key}")
        return wrongs


@pytest.fixture(scope="module")
def contract(shared: Callable[[str], Path]) -> Contract:
    return Contract(shared("specs/klaviyo/profiles-lists.openapi.json"))


@pytest.fixture
def everything_sent(open_object: Open, receiver: Receiver) -> list[Request]:
    """The requests of every verb of both objects, rejected rows and two pages of errors among them."""
    profiles, members = open_object("newsletter", "profiles"), open_object("newsletter", "vip_list")
    profiles.check()
    members.check()
    assert deliver(profiles, batch(profiles, Verb.UPSERT, [PERSON, {"email": "x@example.com"}])) == Accepted()
    receiver.refuse("no", last_name="Refused")
    many = [{"external_id": f"r{n}", "last_name": "Refused"} for n in range(120)]
    answer = deliver(members, batch(members, Verb.ADD_MEMBER, [PERSON, *many]))
    assert isinstance(answer, Accepted)
    assert sorted(answer.rejected) == list(range(1, 121))
    keys = {"external_id": "p1", "email": "ada@example.com"}
    assert (
        deliver(members, batch(members, Verb.REMOVE_MEMBER, [keys, {"email": "x@example.com"}])) == Accepted()
    )
    assert deliver(profiles, batch(profiles, Verb.REMOVE, [keys])) == Accepted()
    return list(receiver.requests)


def test_the_contract_refuses_bad_requests(contract: Contract) -> None:
    def request(body: Any, **query: str) -> Request:
        headers = {"revision": "2026-07-15", "content-type": "application/vnd.api+json"}
        return Request(
            "POST",
            "/api/profile-bulk-import-jobs",
            query,
            headers,
            json.dumps(body).encode(),
            lambda _: None,
            "",
        )

    good = {"type": "profile", "attributes": {"email": "a@example.com"}}
    job: dict[str, Any] = {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": [good]}}}
    assert contract.wrongs_of_request(request({"data": job})) == []
    for bad in (
        {},
        {"data": {**job, "type": "profiles"}},
        {"data": {"type": "profile-bulk-import-job", "attributes": {}}},
        {"data": {**job, "attributes": {"profiles": {"data": [{"type": "profile"}]}}}},
        {"data": {**job, "attributes": {"profiles": {"data": [{**good, "attributes": {"email": 1}}]}}}},
        {"data": {**job, "attributes": {"profiles": {"data": [{**good, "attributes": {"e-mail": "x"}}]}}}},
    ):
        assert contract.wrongs_of_request(request(bad)), f"{bad} passed"
    assert contract.wrongs_of_request(request({"data": job}, colour="blue"))


def test_every_request_that_we_send_is_in_the_contract(
    contract: Contract, everything_sent: list[Request]
) -> None:
    seen = set()
    for request in everything_sent:
        assert contract.wrongs_of_request(request) == [], f"{request.method} {request.path}"
        seen.add(f"{request.method} {contract.find(request.method, request.path)[0]}")
    assert seen == {
        "GET /api/lists",
        "GET /api/lists/{id}",
        "POST /api/profile-bulk-import-jobs",
        "GET /api/profile-bulk-import-jobs/{job_id}",
        "GET /api/profile-bulk-import-jobs/{id}/import-errors",
        "GET /api/profiles",
        "DELETE /api/lists/{id}/relationships/profiles",
        "POST /api/data-privacy-deletion-jobs",
    }


def test_the_receiver_answers_in_the_shapes_of_the_contract(
    contract: Contract, everything_sent: list[Request], receiver: Receiver
) -> None:
    http = Http(f"{receiver.url}/klaviyo", {}, 10)
    for request in everything_sent:
        headers = {name: request.headers[name] for name in ("authorization", "revision")}
        answer = http.request(
            request.method, request.path, params=request.query, body=request.body, headers=headers
        )
        _, operation = contract.find(request.method, request.path)
        described = operation["responses"].get(str(answer.status), operation["responses"].get("4XX"))
        if "$ref" in described:
            described = contract.document["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
        if "content" in described:
            ((_, media),) = described["content"].items()
            assert contract.wrongs(media["schema"], answer.json()) == [], f"{request.method} {request.path}"


def test_a_person_is_sent_in_klaviyo_s_shape(everything_sent: list[Request]) -> None:
    body = next(r for r in everything_sent if r.method == "POST").json()
    first, second = body["data"]["attributes"]["profiles"]["data"]
    assert first == {
        "type": "profile",
        "attributes": {
            "external_id": "p1",
            "email": "ada@example.com",
            "phone_number": "+493012345678",
            "first_name": "Ada \"the 'first'\" Löve",
            "location": {"city": "Köln"},
            "properties": {
                "revenue_365d": 12.5,
                "is_member": True,
                "last_order_at": "2026-03-01T10:00:00Z",
            },
        },
    }
    assert second == {"type": "profile", "attributes": {"email": "x@example.com"}}


def test_batch_limits_and_rates_are_those_of_the_contract(contract: Contract) -> None:
    destination = load_definition("klaviyo")
    _, operation = contract.find("POST", "/api/profile-bulk-import-jobs")
    said = operation["description"]
    assert "10,000 profiles" in said
    assert "payload size is 5MB" in said
    assert "per-profile is 100KB" in said
    upsert = destination.objects["profiles"].upsert
    assert upsert is not None
    assert (upsert.batch.rows, upsert.batch.bytes, upsert.batch.row_bytes) == (10_000, 5_000_000, 100_000)
    for rule in destination.objects.values():
        for call in rule.operations.values():
            outcomes = [rule.call for step in call.calls for rule in step.outcomes]
            for part in filter(None, (call.lookup, *call.calls, *outcomes)):
                path = re.sub(r"\{[\w.]+\}", "x", part.path)
                text = contract.find(part.method, path)[1]["description"]
                burst, steady = windows(destination.limits[str(part.limit)])
                stated = [int(n) for n in re.findall(r"`(\d+)/[sm]`", text)[:2]]
                assert burst[0] <= stated[0], f"{part.path} may be asked {stated[0]} times a second"
                assert steady[0] <= stated[1], f"{part.path} may be asked {stated[1]} times a minute"


def test_a_body_full_of_rows_stays_under_the_limit(open_object: Open, receiver: Receiver) -> None:
    members = open_object("newsletter", "vip_list")
    limits = members.limits(Verb.ADD_MEMBER)
    row = batch(members, Verb.ADD_MEMBER, [{"email": "x" * 90_000 + "@example.com"}]).rows[0]
    count = (limits.bytes + 1) // (len(row) + 1)
    deliver(members, Batch("b", "k", Verb.ADD_MEMBER, "\n".join([row] * count)))
    assert len(receiver.requests[0].body) <= 5_000_000
    assert len(receiver.requests[0].body) > 4_800_000
