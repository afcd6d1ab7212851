"""TikTok's Streaming API: /segment/mapping/. Every answer is HTTP 200; its code tells success.

https://business-api.tiktok.com/portal/docs?id=1739940585975809
https://business-api.tiktok.com/portal/docs?id=1737172488964097 (return codes)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

_HASH = re.compile(r"[0-9a-f]{64}")


class TikTok(Vendor):
    """An audience's members by the hash of their e-mail address or telephone number."""

    destination = "tiktok"
    secrets: ClassVar = {"access_token": "token-of-no-one"}
    settings: ClassVar = {"advertiser_id": "7178918106775994370", "audience_id": "167290896"}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("GET", "/open_api/v1.3/dmp/custom_audience/get/"): self._get,
            ("POST", "/open_api/v1.3/segment/mapping/"): self._map,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        if asked.headers.get("access-token") == "token-of-no-one":
            return None
        return answer(40105, "Access token is incorrect or has been revoked.")

    def _get(self, asked: Asked) -> Reply:
        return answer(0, "OK", {"list": [{"audience_details": {"audience_id": "167290896"}}]})

    def _map(self, asked: Asked) -> Reply:
        body = asked.json()
        rows = body["batch_data"]
        for row in rows:
            if len(row) != len(body["id_schema"]):
                return answer(40002, "batch_data: each entry must have the length of id_schema.")
            if any(not _HASH.fullmatch(one["id"]) or one["id"] in self.refused for one in row):
                return answer(40002, "batch_data: invalid id.")
        for row in rows:
            for one in row:
                if body["action"] == "add":
                    self.held[one["id"]] = one["audience_ids"]
                else:
                    self.held.pop(one["id"], None)
        return answer(0, "OK")


def answer(code: int, message: str, data: Mapping[str, Any] | None = None) -> Reply:
    """TikTok's envelope."""
    return Reply(200, {"code": code, "message": message, "request_id": "r1", "data": data or {}})


TOO_MANY = answer(40100, "App reaches the QPS limit.")
