"""HubSpot's contacts: batch upsert with trace ids, batch read, batch archive.

https://developers.hubspot.com/docs/api-reference/legacy/crm/objects/contacts/batch/upsert-contacts
https://developers.hubspot.com/docs/api-reference/error-handling
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

_AT = "2026-11-22T10:00:00.000Z"
_CONTACTS = "/crm/v3/objects/contacts"
TOO_MANY = Reply(
    429,
    {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "c1",
        "policyName": "TEN_SECONDLY_ROLLING",
    },
    headers={
        "X-HubSpot-RateLimit-Max": "100",
        "X-HubSpot-RateLimit-Remaining": "0",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    },
)


class HubSpot(Vendor):
    """Contacts by the value of their id property."""

    destination = "hubspot"
    secrets: ClassVar = {"access_token": "pat-of-no-one"}
    settings: ClassVar = {"id_property": "customer_number"}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("GET", _CONTACTS): lambda asked: Reply(200, {"results": []}),
            ("POST", f"{_CONTACTS}/batch/upsert"): self._upsert,
            ("POST", f"{_CONTACTS}/batch/read"): self._read,
            ("POST", f"{_CONTACTS}/batch/archive"): self._archive,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == "Bearer pat-of-no-one":
            return None
        return failure(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")

    def _upsert(self, asked: Asked) -> Reply:
        inputs = asked.json()["inputs"]
        if not 0 < len(inputs) <= 100:
            return failure(400, "VALIDATION_ERROR", "The maximum number of inputs is 100.")
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for one in inputs:
            key, trace = one["id"], one["objectWriteTraceId"]
            if key in self.refused:
                errors.append(refusal(trace, self.refused[key]))
                continue
            contact = self.held.setdefault(key, {"id": str(500 + len(self.held))})
            contact.update(one["properties"])
            results.append(
                {
                    "id": contact["id"],
                    "properties": one["properties"],
                    "createdAt": _AT,
                    "updatedAt": _AT,
                    "archived": False,
                    "new": True,
                    "objectWriteTraceId": trace,
                }
            )
        return batch_answer(results, errors)

    def _read(self, asked: Asked) -> Reply:
        wanted = [one["id"] for one in asked.json()["inputs"]]
        name = asked.json()["idProperty"]
        found = [
            {"id": self.held[key]["id"], "properties": {name: key}, "createdAt": _AT, "updatedAt": _AT}
            for key in wanted
            if key in self.held
        ]
        unknown = [key for key in wanted if key not in self.held]
        if not unknown:
            return batch_answer(found, [])
        message = "Could not get some CONTACT objects, they may be deleted or not exist."
        error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message}
        return batch_answer(found, [{**error, "context": {"ids": unknown}}])

    def _archive(self, asked: Asked) -> Reply:
        gone = {one["id"] for one in asked.json()["inputs"]}
        self.held = {key: contact for key, contact in self.held.items() if contact["id"] not in gone}
        return Reply(204)


def batch_answer(results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Reply:
    """The answer of a batch: 200, or 207 with `numErrors` and `errors` if some failed."""
    document: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": _AT,
        "completedAt": _AT,
    }
    if errors:
        document |= {"numErrors": len(errors), "errors": errors}
    return Reply(207 if errors else 200, document)


def refusal(trace: str, message: str) -> dict[str, Any]:
    """One entry of `errors`; a context is a list of texts by name."""
    return {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": message,
        "context": {"objectWriteTraceId": [trace]},
    }


def failure(status: int, category: str, message: str) -> Reply:
    """An answer to a request of which nothing was done."""
    return Reply(status, {"status": "error", "message": message, "correlationId": "c1", "category": category})
