"""The eight contracts as cases: whom each is tried with, and how its vendor says that calls come too fast."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdp_cli.destinations.base import Verb
from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors import (
    braze,
    customerio,
    google,
    hubspot,
    meta,
    salesforce,
    tiktok,
    zendesk,
)
from tests.python.destinations.contracts.vendors.base import Vendor


@dataclass(frozen=True)
class Case:
    """One contract: a vendor, one of its objects, and three people, known to the vendor by `keys`."""

    vendor: type[Vendor]
    object: str
    put: Verb
    remove: Verb
    people: Sequence[dict[str, Any]]
    keys: Sequence[str]
    match: Sequence[str]  # the columns that a removal has
    path: str  # of the request that carries the rows
    too_many: Reply
    after: float | None = None  # the seconds of that answer, where it says any
    method: str = "POST"
    first: str | None = None  # the path of the first request, if the rows come later
    is_typed: bool = True  # whether the vendor states the media type of its good answers
    proof: Sequence[tuple[str, int]] = ()  # strange answers that are good ones here

    @property
    def known(self) -> list[dict[str, Any]]:
        """The people as a removal has them."""
        return [{name: person[name] for name in self.match} for person in self.people]


def sha256(text: str) -> str:
    """The hash that advertising destinations take."""
    return hashlib.sha256(text.encode()).hexdigest()


_EMAILS = ["ada@example.com", "bo@example.com", "cy@example.com"]
_PHONES = ["+4930123456", "+4930123457", "+4930123458"]
_IDS = ["p1", "p2", "p3"]
_BY_ID = [{"id": key, "email": email} for key, email in zip(_IDS, _EMAILS, strict=True)]
_BY_EXTERNAL_ID = [
    {"external_id": key, "email": email, "name": email[:3]} for key, email in zip(_IDS, _EMAILS, strict=True)
]
_BY_ADDRESS = [{"email": email, "phone": phone} for email, phone in zip(_EMAILS, _PHONES, strict=True)]
_HASHES = [sha256(email) for email in _EMAILS]

CASES = {
    "hubspot": Case(
        hubspot.HubSpot,
        "contacts",
        Verb.UPSERT,
        Verb.REMOVE,
        _BY_ID,
        _IDS,
        ["id"],
        "/batch/upsert",
        hubspot.TOO_MANY,
        10.0,
    ),
    "salesforce": Case(
        salesforce.Salesforce,
        "contacts",
        Verb.UPSERT,
        Verb.REMOVE,
        [{"External_Id__c": key, "Email": email} for key, email in zip(_IDS, _EMAILS, strict=True)],
        _IDS,
        ["External_Id__c"],
        "/batches$",
        salesforce.TOO_MANY,
        method="PUT",
        first="/jobs/ingest$",
        proof=[("nothing", 201)],
    ),
    "meta": Case(
        meta.Meta,
        "audience_members",
        Verb.ADD_MEMBER,
        Verb.REMOVE_MEMBER,
        [{"EMAIL": person["email"], "PHONE": person["phone"]} for person in _BY_ADDRESS],
        _HASHES,
        ["EMAIL", "PHONE"],
        "/users",
        meta.TOO_MANY,
    ),
    "google": Case(
        google.Google,
        "audience_members",
        Verb.ADD_MEMBER,
        Verb.REMOVE_MEMBER,
        _BY_ADDRESS,
        [*_HASHES, *map(sha256, _PHONES)],
        ["email", "phone"],
        "/audienceMembers",
        google.TOO_MANY,
    ),
    "tiktok": Case(
        tiktok.TikTok,
        "emails",
        Verb.ADD_MEMBER,
        Verb.REMOVE_MEMBER,
        [{"email": email} for email in _EMAILS],
        _HASHES,
        ["email"],
        "/segment/mapping",
        tiktok.TOO_MANY,
    ),
    "braze": Case(
        braze.Braze,
        "users",
        Verb.UPSERT,
        Verb.REMOVE,
        [{"external_id": person["external_id"], "email": person["email"]} for person in _BY_EXTERNAL_ID],
        _IDS,
        ["external_id"],
        "/users/track",
        braze.TOO_MANY,
        0.0,  # its second is long over
    ),
    "zendesk": Case(
        zendesk.Zendesk,
        "users",
        Verb.UPSERT,
        Verb.REMOVE,
        _BY_EXTERNAL_ID,
        _IDS,
        ["external_id"],
        "/create_or_update_many",
        zendesk.TOO_MANY,
        51.0,
    ),
    "customerio": Case(
        customerio.CustomerIo,
        "people",
        Verb.UPSERT,
        Verb.REMOVE,
        _BY_ID,
        _IDS,
        ["id"],
        "/api/v2/batch",
        Reply(429, {"meta": {"error": "too many requests"}}, headers={"Retry-After": "2"}),
        2.0,
        is_typed=False,
    ),
}
