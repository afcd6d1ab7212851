"""Access tokens: fetched once for all threads, kept in memory, renewed before they end or after a 401."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from cdp_cli.destinations.base import Retry
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.evidence import Evidence, NoEvidence, Stopped, document_of, text_of
from cdp_cli.errors import CheckDestination
from cdp_cli.http import Http, NotSent, Response, Unanswered

_EARLY_SECONDS = 60.0  # a token that ends sooner is renewed before it is used
_LASTS_SECONDS = 3600.0  # if the answer does not say; RFC 6749, 5.1 only recommends expires_in
# RFC 6749, 5.1: an access token, JSON, status 200.
_TOKEN = (Evidence(status=(200,), require=("access_token",)),)


class Grant(Protocol):
    """What is exchanged for a token."""

    def fields(self) -> Mapping[str, str]:
        """The form that asks for a token."""

    def learn(self, document: Any) -> None:
        """Note what the answer says about the next request."""

    @property
    def secrets(self) -> list[str]:
        """What must not be shown."""


class ClientGrant:
    """Client credentials, or a refresh token (RFC 6749, 4.4 and 6). A new refresh token replaces the old one.

    The new one is not written down: the next process starts with the connection's own again.
    """

    def __init__(self, grant: str, given: Mapping[str, str]) -> None:
        self._fields = {"grant_type": grant, **given}

    def fields(self) -> Mapping[str, str]:
        """Grant, client, and refresh token if there is one."""
        return self._fields

    def learn(self, document: Any) -> None:
        """Take a new refresh token."""
        replaced = document.get("refresh_token")
        if "refresh_token" in self._fields and isinstance(replaced, str) and replaced:
            self._fields = {**self._fields, "refresh_token": replaced}

    @property
    def secrets(self) -> list[str]:
        """The client's secret and the refresh token."""
        return [self._fields[name] for name in ("client_secret", "refresh_token") if name in self._fields]


class Tokens:
    """Bearer tokens of one connection (RFC 6750)."""

    def __init__(self, connection: Connection, token_url: str, grant: Grant) -> None:
        self._name, self._grant = connection.name, grant
        base, self._path = split_address(token_url, connection.base_url)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        self._http = Http(base, headers, connection.definition.timeout)
        self._lock = threading.Lock()
        self._token, self._ends = "", 0.0

    def headers(self, message_id: str, body: bytes) -> Mapping[str, str]:
        """The token's header.

        Raises Stopped with Retry if there is no token now, and CheckDestination if it is refused.
        """
        with self._lock:
            if not self._token or time.monotonic() > self._ends - _EARLY_SECONDS:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forget the refused token, unless another thread has renewed it already."""
        with self._lock:
            if refused.get("Authorization") == f"Bearer {self._token}":
                self._token = ""
            return True

    def masked(self, text: str) -> str:
        """Without the token and what it was given for."""
        for secret in (self._token, *self._grant.secrets):
            text = text.replace(secret, "<secret>") if secret else text
        return text

    def _fetch(self) -> None:
        try:
            response = self._http.request("POST", self._path, body=urlencode(self._grant.fields()).encode())
            if 400 <= response.status < 500 and response.status not in (408, 421, 425, 429):
                raise self._refused(response)
            document = document_of(response, _TOKEN)
            self._token = text_of(response, document, "access_token")
        except NoEvidence as problem:
            raise Stopped(Retry(self.masked(f"no token: {problem}"))) from None
        except (NotSent, Unanswered) as problem:
            raise Stopped(Retry(f"no token: {problem}")) from None
        lasts = document.get("expires_in")
        seconds = float(lasts) if type(lasts) in (int, float) and lasts > 0 else _LASTS_SECONDS
        # A token that lasts less than we are early is renewed when half of its time is over.
        self._ends = time.monotonic() + max(seconds, min(seconds / 2 + _EARLY_SECONDS, 2 * _EARLY_SECONDS))
        self._grant.learn(document)

    def _refused(self, response: Response) -> CheckDestination:
        document = response.json()
        code = document.get("error") if isinstance(document, dict) else None
        # RFC 6749, 5.2: one of a few words.
        said = f": {code[:40]}" if isinstance(code, str) and code.replace("_", "").isalpha() else ""
        return CheckDestination(
            f"Connection {self._name}: {self._http.host} gives no token (HTTP {response.status}{said}).",
            "Check the secrets of the connection, and whether its access was withdrawn.",
        )


def split_address(token_url: str, base_url: str) -> tuple[str, str]:
    """Base and path of the address that gives tokens; a path alone is below the connection's base URL."""
    if token_url.startswith("/"):
        return base_url, token_url
    parts = urlsplit(token_url)
    return f"{parts.scheme}://{parts.netloc}", f"{parts.path}{f'?{parts.query}' if parts.query else ''}"
