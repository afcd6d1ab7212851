"""Google's Data Manager API: audience members, and what became of a request.

https://developers.google.com/data-manager/api/reference/rest/v1/audienceMembers/ingest
https://developers.google.com/data-manager/api/reference/rest/v1/requestStatus/retrieve
https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

SCOPE = "https://www.googleapis.com/auth/datamanager"
_MAX_MEMBERS, _MAX_IDENTIFIERS = 10_000, 10


class Google(Vendor):
    """Members by their identifiers, and requests; one is PROCESSING when it is asked about first."""

    destination = "google"
    settings: ClassVar = {"account_id": "1234567890", "audience_id": "9876543210"}

    def __init__(self) -> None:
        super().__init__()
        self.requests: dict[str, dict[str, Any]] = {}
        self.claims: list[dict[str, Any]] = []  # of each token that was asked for

    def connection_secrets(self) -> Mapping[str, str]:
        """A service account's key as Google gives it; made for the tests."""
        private = _key().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        account = {
            "type": "service_account",
            "project_id": "example",
            "private_key_id": "k1",
            "private_key": private.decode(),
            "client_email": "cdp@example.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        return {"service_account": json.dumps(account)}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("POST", "/token"): self._token,
            ("POST", "/v1/audienceMembers:ingest"): lambda asked: self._change(asked, "Ingestion"),
            ("POST", "/v1/audienceMembers:remove"): lambda asked: self._change(asked, "Removal"),
            ("GET", "/v1/requestStatus:retrieve"): self._status,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        if asked.path == "/token" or asked.headers.get("authorization") == "Bearer ya29.of-no-one":
            return None
        return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")

    def _token(self, asked: Asked) -> Reply:
        form = asked.form()
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return Reply(400, {"error": "unsupported_grant_type"})
        signed, _, signature = form["assertion"].rpartition(".")
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        self.claims.append(claims)
        try:
            _key().public_key().verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return Reply(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if header.get("alg") != "RS256" or claims.get("scope") != SCOPE:
            return Reply(400, {"error": "invalid_scope"})
        return Reply(200, {"access_token": "ya29.of-no-one", "expires_in": 3599, "token_type": "Bearer"})

    def _change(self, asked: Asked, kind: str) -> Reply:
        body = asked.json()
        members = body["audienceMembers"]
        if len(members) > _MAX_MEMBERS:
            return error(400, "INVALID_ARGUMENT", "Too many audience members.")
        wrong: dict[str, list[int]] = {}
        for index, member in enumerate(members):
            identifiers = [next(iter(one.values())) for one in member["userData"]["userIdentifiers"]]
            if not 0 < len(identifiers) <= _MAX_IDENTIFIERS:
                # The whole request fails if one record fails the basic validation.
                return error(400, "INVALID_ARGUMENT", f"audience_members[{index}].user_data is invalid.")
            reason = next((self.refused[one] for one in identifiers if one in self.refused), None)
            if reason is not None:
                wrong.setdefault(reason, []).append(index)
            for one in identifiers if reason is None and not body.get("validateOnly") else ():
                if kind == "Ingestion":
                    self.held[one] = member
                else:
                    self.held.pop(one, None)
        if body.get("validateOnly"):
            return Reply(200, {})
        name = f"request{len(self.requests) + 1}"
        self.requests[name] = status_of(kind, body["destinations"][0], len(members), wrong)
        return Reply(200, {"requestId": name})

    def _status(self, asked: Asked) -> Reply:
        name = asked.query["requestId"]
        if name not in self.requests:
            return error(404, "NOT_FOUND", "Requested entity was not found.")
        found = self.requests[name]
        if sum(one.query.get("requestId") == name for one in self.asked) == 1:
            found = {"destination": found["destination"], "requestStatus": "PROCESSING"}
        return Reply(200, {"requestStatusPerDestination": [found]})


def status_of(
    kind: str, destination: Mapping[str, Any], rows: int, wrong: Mapping[str, list[int]]
) -> dict[str, Any]:
    """The status of a request at its destination. Counts are texts, as int64 always is in Google's JSON."""
    refused = sum(map(len, wrong.values()))
    status = "SUCCESS" if not refused else "FAILED" if refused == rows else "PARTIAL_SUCCESS"
    counts = {"recordCount": str(rows), "userIdentifierCount": str(rows)}
    document: dict[str, Any] = {
        "destination": destination,
        "requestStatus": status,
        f"audienceMembers{kind}Status": {f"userData{kind}Status": counts},
    }
    if wrong:
        document["errorInfo"] = {
            "errorCounts": [
                {"reason": reason, "recordCount": str(len(at)), "recordIndices": at}
                for reason, at in wrong.items()
            ]
        }
    return document


def error(status: int, name: str, message: str) -> Reply:
    """Google's error object."""
    return Reply(status, {"error": {"code": status, "message": message, "status": name}})


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


TOO_MANY = error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Requests'.")
