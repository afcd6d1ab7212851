"""What a connection puts on a request to say who sends it."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Protocol

from cdp_cli.destinations import signatures
from cdp_cli.destinations.auth.keys import ServiceAccount
from cdp_cli.destinations.auth.service_account import SignedGrant
from cdp_cli.destinations.auth.tokens import ClientGrant, Tokens, split_address
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.placeholders import formatted
from cdp_cli.errors import FixConfiguration


class Credentials(Protocol):
    """Safe to use from several threads."""

    def headers(self, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers of one request. Raises as `Tokens` does if they must be fetched first."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether there may be better headers than these, which were answered by 401."""

    def masked(self, text: str) -> str:
        """`text` without what was fetched or made of the secrets."""


class Fixed:
    """Headers that never change."""

    def __init__(self, headers: Mapping[str, str], hidden: str = "") -> None:
        self._headers, self._hidden = headers, hidden

    def headers(self, message_id: str, body: bytes) -> Mapping[str, str]:
        """The same for every request."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        """There are no others."""
        return False

    def masked(self, text: str) -> str:
        """Without the part that holds the secrets."""
        return text.replace(self._hidden, "<secret>") if self._hidden else text


class Signed:
    """Standard Webhooks: a signature of message id, time and body."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = keys

    def headers(self, message_id: str, body: bytes) -> Mapping[str, str]:
        """The signature of this request."""
        return signatures.sign(self._keys, message_id.replace(".", "_"), int(time.time()), body)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """There are no other keys."""
        return False

    def masked(self, text: str) -> str:
        """A signature tells nothing of its key."""
        return text


def open_credentials(connection: Connection) -> Credentials:
    """The credentials of a connection. Sends nothing.

    Raises FixConfiguration if a secret does not have the form that its use needs.
    """
    auth = connection.definition.auth
    known = {**connection.settings, **{n: v.get_secret_value() for n, v in connection.secrets.items()}}
    if auth is None:
        return Fixed({})
    if auth.header is not None:
        value = _value(auth.value, known)
        return Fixed({auth.header: value}, value)
    if auth.basic is not None:
        pair = f"{_value(auth.basic.user, known)}:{_value(auth.basic.password, known)}"
        encoded = base64.b64encode(pair.encode()).decode()
        return Fixed({"Authorization": f"Basic {encoded}"}, encoded)
    if auth.bearer is not None:
        return Fixed({"Authorization": f"Bearer {_value(auth.bearer, known)}"})
    if auth.oauth2 is not None:
        given = {n: _value(v, known) for n, v in auth.oauth2 if n not in ("grant", "token_url") and v}
        return Tokens(connection, auth.oauth2.token_url, ClientGrant(auth.oauth2.grant, given))
    if auth.service_account is not None:
        account = auth.service_account
        return Tokens(connection, account.token_url, _signed_grant(account, connection, known))
    return Signed(_signing_keys(auth.secret or "", connection, known))


def _value(text: str | None, known: Mapping[str, str]) -> str:
    """The secret or setting of that name, or the text with its {names} filled in."""
    if text is None:
        return ""
    return known[text] if text in known else formatted(text, known)


def _signed_grant(account: ServiceAccount, connection: Connection, known: Mapping[str, str]) -> SignedGrant:
    audience = "".join(split_address(account.token_url, connection.base_url))
    try:
        return SignedGrant(_value(account.key, known), account.scope, audience)
    except ValueError as error:
        raise FixConfiguration(
            f"connections.yml: connections.{connection.name}.secrets.{account.key} is unusable: {error}.",
            "Use the key file that the vendor gives for the service account.",
        ) from None


def _signing_keys(name: str, connection: Connection, known: Mapping[str, str]) -> list[bytes]:
    try:
        return signatures.keys(_value(name, known))
    except ValueError as error:
        raise FixConfiguration(
            f"connections.yml: connections.{connection.name}.secrets.{name} "
            f"is not a Standard Webhooks secret: {error}.",
            "Use the secret that the receiver shows, whsec_ and base64.",
        ) from None
