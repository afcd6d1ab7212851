"""The keys of `auth`: how a request says who sends it."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from cdp_cli.destinations.strict import Strict

WAYS = ("header", "basic", "bearer", "oauth2", "service_account", "sign")


def _token_url(value: str) -> str:
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    fixed = "{" not in value and bool(parts.hostname) and (parts.scheme == "https" or local)
    if not fixed and not (value.startswith("/") and not value.startswith("//") and "{" not in value):
        raise ValueError(
            f"{value!r} is neither a path below base_url nor an https address, so secrets could go elsewhere"
        )
    return value


TokenUrl = Annotated[str, AfterValidator(_token_url)]


class Basic(Strict):
    """User and password (RFC 7617)."""

    user: str
    password: str = ""


class OAuth2(Strict):
    """A token that the vendor gives for the connection's secrets (RFC 6749, 4.4 and 6)."""

    grant: Literal["client_credentials", "refresh_token"]
    token_url: TokenUrl
    client_id: str
    client_secret: str
    refresh_token: str | None = None
    scope: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> OAuth2:
        if (self.grant == "refresh_token") != (self.refresh_token is not None):
            raise ValueError("refresh_token goes with grant: refresh_token")
        return self


class ServiceAccount(Strict):
    """A token for a statement that is signed by the account's key (RFC 7523, RS256)."""

    key: str  # the secret that holds the key as JSON: client_email and private_key
    scope: str
    token_url: TokenUrl


class Auth(Strict):
    """Exactly one way. A value is the name of a secret or setting, or a text with {names} of them."""

    header: str | None = None
    value: str | None = None
    basic: Basic | None = None
    bearer: str | None = None
    oauth2: OAuth2 | None = None
    service_account: ServiceAccount | None = None
    sign: Literal["standard_webhooks"] | None = None
    secret: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        if [getattr(self, way) is not None for way in WAYS].count(True) != 1:
            raise ValueError(f"give exactly one of {', '.join(WAYS)}")
        if (self.header is None) != (self.value is None):
            raise ValueError("header and value go together")
        if (self.sign is None) != (self.secret is None):
            raise ValueError("sign and secret go together")
        return self

    @property
    def texts(self) -> dict[str, str]:
        """Every text that names or holds secrets, by its key."""
        found = {name: getattr(self, name) for name in ("value", "bearer", "secret")}
        for way in (self.basic, self.oauth2, self.service_account):
            if way is not None:
                found |= {n: v for n, v in way if n not in ("grant", "scope", "token_url")}
        return {name: text for name, text in found.items() if text is not None}
