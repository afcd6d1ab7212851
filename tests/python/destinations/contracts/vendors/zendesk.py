"""Zendesk's users: create_or_update_many and destroy_many, each a job that is polled.

https://developer.zendesk.com/api-reference/ticketing/users/users/#create-or-update-many-users
https://developer.zendesk.com/api-reference/ticketing/ticket-management/job_statuses/
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

TOO_MANY = Reply(
    429,
    {"error": "APIRateLimitExceeded", "description": "Number of allowed API requests per minute exceeded"},
    headers={"Retry-After": "51", "X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "0"},
)


class Zendesk(Vendor):
    """Users by external id, and jobs; a job is `working` when it is asked about first."""

    destination = "zendesk"
    secrets: ClassVar = {"api_token": "token-of-no-one"}
    settings: ClassVar = {"email": "agent@example.com"}

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, list[dict[str, Any]]] = {}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("GET", "/api/v2/users/me"): lambda asked: Reply(200, {"user": {"id": 1, "role": "admin"}}),
            ("POST", "/api/v2/users/create_or_update_many"): self._upsert,
            ("DELETE", "/api/v2/users/destroy_many"): self._destroy,
            ("GET", r"/api/v2/job_statuses/([\w-]+)"): self._job,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        expected = "Basic " + base64.b64encode(b"agent@example.com/token:token-of-no-one").decode()
        if asked.headers.get("authorization") == expected:
            return None
        return Reply(401, {"error": "Couldn't authenticate you"})

    def _upsert(self, asked: Asked) -> Reply:
        users = asked.json()["users"]
        if len(users) > 100:
            return Reply(400, {"error": "TooManyValues", "description": "Too many values were given"})
        results: list[dict[str, Any]] = []
        for index, user in enumerate(users):
            key = user["external_id"]
            if key in self.refused:
                results.append(failed(index, self.refused[key]))
                continue
            status = "Updated" if key in self.held else "Created"
            self.held.setdefault(key, {}).update(user)
            results.append({"id": 900_000 + len(results), "status": status, "email": user.get("email")})
        return self._started(results)

    def _destroy(self, asked: Asked) -> Reply:
        keys = asked.query["external_ids"].split(",")
        if len(keys) > 100:
            return Reply(400, {"error": "TooManyValues", "description": "Too many values were given"})
        for key in keys:
            self.held.pop(key, None)
        return self._started(
            [{"id": 1, "action": "delete", "success": True, "status": "Deleted"}] * len(keys)
        )

    def _started(self, results: list[dict[str, Any]]) -> Reply:
        name = f"job{len(self.jobs) + 1}"
        self.jobs[name] = results
        return Reply(200, job(name, "queued", len(results)))

    def _job(self, asked: Asked, name: str) -> Reply:
        if name not in self.jobs:
            return Reply(404, {"error": "RecordNotFound", "description": "Not found"})
        results = self.jobs[name]
        if sum(one.path == asked.path for one in self.asked) == 1:
            return Reply(200, job(name, "working", len(results)))
        return Reply(200, job(name, "completed", len(results), results))


def job(name: str, status: str, total: int, results: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A job's record."""
    return {
        "job_status": {
            "id": name,
            "url": f"https://example.zendesk.com/api/v2/job_statuses/{name}.json",
            "total": total,
            "progress": total if results else None,
            "status": status,
            "message": None,
            "results": results,
        }
    }


def failed(index: int, details: str) -> dict[str, Any]:
    """A result of a user that was not taken; its id is the position."""
    return {"id": index, "error": "UserUpdateError", "details": details, "status": "Failed"}
