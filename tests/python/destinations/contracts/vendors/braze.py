"""Braze: /users/track and /users/delete.

https://www.braze.com/docs/api/endpoints/user_data/post_user_track/
https://www.braze.com/docs/api/endpoints/user_data/post_user_delete/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

TOO_MANY = Reply(
    429,
    {"message": "Rate limit exceeded"},
    headers={"X-RateLimit-Limit": "3000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"},
)


class Braze(Vendor):
    """Users by external id."""

    destination = "braze"
    secrets: ClassVar = {"api_key": "key-of-no-one"}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("GET", "/events/list"): lambda asked: Reply(200, {"message": "success", "events": []}),
            ("POST", "/users/track"): self._track,
            ("POST", "/users/delete"): self._delete,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == "Bearer key-of-no-one":
            return None
        return Reply(401, {"message": "Error: Invalid API Key"})

    def _track(self, asked: Asked) -> Reply:
        users = asked.json()["attributes"]
        if len(users) > 75:
            return Reply(400, {"message": "No more than 75 attributes objects are allowed."})
        errors: list[dict[str, Any]] = []
        for index, user in enumerate(users):
            if user["external_id"] in self.refused:
                reason = self.refused[user["external_id"]]
                errors.append({"type": reason, "input_array": "attributes", "index": index})
            else:
                self.held.setdefault(user["external_id"], {}).update(user)
        done = len(users) - len(errors)
        if not done:
            message = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
            return Reply(400, {"message": message, "errors": errors})
        answer: dict[str, Any] = {"message": "success", "attributes_processed": done}
        return Reply(201, {**answer, "errors": errors} if errors else answer)

    def _delete(self, asked: Asked) -> Reply:
        ids = asked.json()["external_ids"]
        if len(ids) > 50:
            return Reply(400, {"message": "No more than 50 users can be deleted at once."})
        for one in ids:
            self.held.pop(one, None)
        return Reply(200, {"deleted": len(ids), "message": "success"})
