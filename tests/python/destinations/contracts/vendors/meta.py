"""Meta's custom audiences: POST and DELETE /{audience}/users, form-encoded.

https://developers.facebook.com/documentation/ads-commerce/marketing-api/reference/custom-audience/users
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

_HASH = re.compile(r"([0-9a-f]{64})?")  # a key that is not known is left blank


class Meta(Vendor):
    """An audience's members by the hash of their e-mail address."""

    destination = "meta"
    secrets: ClassVar = {"access_token": "token-of-no-one"}
    settings: ClassVar = {"audience_id": "23850000000000001"}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        audience = r"/v25.0/(\d+)"
        return {
            ("GET", audience): lambda asked, audience: Reply(
                200, {"id": audience, "operation_status": {"code": 200, "description": "Normal"}}
            ),
            ("POST", f"{audience}/users"): self._change,
            ("DELETE", f"{audience}/users"): self._change,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == "Bearer token-of-no-one":
            return None
        return error(400, 190, "Invalid OAuth access token - Cannot parse access token")

    def _change(self, asked: Asked, audience: str) -> Reply:
        form = asked.form()
        payload, session = json.loads(form["payload"]), json.loads(form["session"])
        rows = payload["data"]
        if len(rows) > 10_000:
            return error(400, 100, "(#100) Maximum number of rows is 10000")
        invalid = 0
        for row in rows:
            hashed = row[payload["schema"].index("EMAIL")]
            keys = zip(payload["schema"], row, strict=True)
            wrong = any(name != "EXTERN_ID" and not _HASH.fullmatch(value) for name, value in keys)
            if wrong or hashed in self.refused:
                invalid += 1
            elif asked.method == "POST":
                self.held[hashed] = row
            else:
                self.held.pop(hashed, None)
        return received(audience, session, len(rows), invalid)


def received(audience: str, session: Mapping[str, Any], rows: int, invalid: int = 0) -> Reply:
    """The answer to a batch of a session."""
    return Reply(
        200,
        {
            "audience_id": audience,
            "session_id": str(session["session_id"]),
            "num_received": rows,
            "num_invalid_entries": invalid,
            "invalid_entry_samples": {},
        },
    )


def error(status: int, code: int, message: str) -> Reply:
    """Meta's error object."""
    kind = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return Reply(status, {"error": kind})


TOO_MANY = error(400, 80003, "(#80003) There have been too many calls to this ad-account.")
