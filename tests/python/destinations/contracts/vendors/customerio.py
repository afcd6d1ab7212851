"""Customer.io's Track API v2: /api/v2/batch. https://docs.customer.io/integrations/api/track/"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

MAX_BYTES, MAX_ENTRY = 500_000, 32_000


class CustomerIo(Vendor):
    """People by id."""

    destination = "customerio"
    secrets: ClassVar = {"site_id": "site", "api_key": "key-of-no-one"}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("GET", "/api/v1/accounts/region"): lambda asked: Reply(
                200, {"url": "https://track.customer.io", "region": "us", "environment_id": 3}
            ),
            ("POST", "/api/v2/batch"): self._batch,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        expected = "Basic " + base64.b64encode(b"site:key-of-no-one").decode()
        if asked.headers.get("authorization") == expected:
            return None
        return Reply(401, {"meta": {"error": "Unauthorized request"}})

    def _batch(self, asked: Asked) -> Reply:
        entries = asked.json()["batch"]
        if len(asked.body) > MAX_BYTES or any(len(repr(entry)) > MAX_ENTRY for entry in entries):
            return Reply(400, {"errors": [{"reason": "invalid", "message": "the request is too large"}]})
        errors: list[dict[str, Any]] = []
        for index, entry in enumerate(entries):
            ((kind, key),) = entry["identifiers"].items()
            if key in self.refused:
                reason = {"reason": "invalid", "field": kind, "message": self.refused[key]}
                errors.append({"batch_index": index, **reason})
            elif entry["action"] == "identify":
                self.held.setdefault(key, {}).update(entry["attributes"])
            else:
                self.held.pop(key, None)
        return Reply(207, {"errors": errors}) if errors else Reply(200, {})
