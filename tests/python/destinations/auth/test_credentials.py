"""How a request says who sends it: headers, tokens that are fetched once, and statements signed by a key."""

from __future__ import annotations

import base64
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cdp_cli.destinations.base import Accepted, Destination, InDoubt, Retry, Verb
from cdp_cli.errors import CheckDestination, FixConfiguration
from tests.python.destinations.conftest import batch
from tests.python.destinations.vendor import Asked, Open, Says, Vendor, opened, vendor

__all__ = ["opened", "vendor"]

OBJECTS = """
objects:
  people:
    description: People.
    match: [external_id]
    idempotency: upsert
    fields: {external_id: {}}
    upsert:
      post: /people
      batch: {rows: 10, bytes: 1MB}
      row: $fields
      body: {people: $rows}
      accept: {source: https://vendor.example/people}
"""
OAUTH = f"""
secrets: {{client: The client., secret: Its secret., refresh: A refresh token.}}
error: message
auth:
  oauth2:
    grant: refresh_token
    token_url: /token
    client_id: client
    client_secret: secret
    refresh_token: refresh
{OBJECTS}"""
SECRETS = {"client": "the-client", "secret": "the-secret", "refresh": "refresh-1"}


class Tokens:
    """A vendor that gives numbered tokens and takes the newest one alone."""

    def __init__(self, **more: Any) -> None:
        self.given, self.more = 0, more
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Says:
        with self._lock:
            if asked.path == "/token":
                self.given += 1
                return Says({"access_token": f"token-{self.given}", "token_type": "Bearer", **self.more})
            if asked.headers.get("authorization") != f"Bearer token-{self.given}":
                return Says({"message": "the token has expired"}, 401)
            return Says({})


def send(there: Destination, key: str = "key-1") -> Any:
    return there.send(batch(there, Verb.UPSERT, [{"external_id": "p1"}], key=key))


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ("{bearer: secret}", "Bearer s3cret"),
        ("{basic: {user: '{client}/token', password: secret}}", "Basic YWRhL3Rva2VuOnMzY3JldA=="),
        ("{basic: {user: api, password: '{secret}'}}", "Basic YXBpOnMzY3JldA=="),
        ("{header: Authorization, value: 'Key {secret}'}", "Key s3cret"),
    ],
)
def test_a_header_is_made_of_secrets(auth: str, header: str, opened: Open, vendor: Vendor) -> None:
    yaml = f"secrets: {{client: A client., secret: A secret.}}\nauth: {auth}\n{OBJECTS}"
    there = opened(yaml, client="ada", secret="s3cret")
    assert send(there) == Accepted()
    assert vendor.asked[0].headers["authorization"] == header


def test_a_token_is_fetched_once_for_all_threads(opened: Open, vendor: Vendor) -> None:
    vendor.answers = Tokens(expires_in=3600)
    there = opened(OAUTH, **SECRETS)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda n: type(send(there, f"key-{n}")), range(20))) == {Accepted}
    assert vendor.lines.count("POST /token") == 1
    assert vendor.asked[0].form() == {
        "grant_type": "refresh_token",
        "client_id": "the-client",
        "client_secret": "the-secret",
        "refresh_token": "refresh-1",
    }


def test_a_token_that_is_refused_is_renewed_once_and_the_request_repeated(
    opened: Open, vendor: Vendor
) -> None:
    vendor.answers = tokens = Tokens(expires_in=3600)
    there = opened(OAUTH, **SECRETS)
    assert send(there) == Accepted()
    tokens.given += 1  # the vendor has forgotten the token
    assert send(there, "key-2") == Accepted()
    assert vendor.lines == ["POST /token", "POST /people", "POST /people", "POST /token", "POST /people"]


def test_a_new_token_that_is_refused_too_stops_the_run(opened: Open, vendor: Vendor) -> None:
    tokens = Tokens()
    vendor.answers = lambda asked: tokens(asked) if asked.path == "/token" else Says({"message": "no"}, 401)
    with pytest.raises(CheckDestination, match="refuses us"):
        send(opened(OAUTH, **SECRETS))
    assert vendor.lines == ["POST /token", "POST /people"] * 2


def test_a_token_that_ends_is_renewed_before_it_is_used(
    opened: Open, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.answers = Tokens(expires_in=0.2)
    there = opened(OAUTH, **SECRETS)
    send(there)
    send(there, "key-2")
    threading.Event().wait(0.25)
    send(there, "key-3")
    assert vendor.lines.count("POST /token") == 2


def test_a_new_refresh_token_replaces_the_old_one(opened: Open, vendor: Vendor) -> None:
    vendor.answers = tokens = Tokens(refresh_token="refresh-2")
    there = opened(OAUTH, **SECRETS)
    send(there)
    tokens.given += 1
    send(there, "key-2")
    asked = [one.form()["refresh_token"] for one in vendor.asked if one.path == "/token"]
    assert asked == ["refresh-1", "refresh-2"]


@pytest.mark.parametrize(
    "says",
    [
        Says({"error": "temporarily_unavailable"}, 503),
        Says("<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        Says({"access_token": ""}),
        Says({"access_token": 5.5}),
        Says({}),
        Says({"error": "slow_down", "access_token": "t"}),
    ],
)
def test_without_a_token_nothing_is_sent(says: Says, opened: Open, vendor: Vendor) -> None:
    vendor.says(says)
    assert isinstance(send(opened(OAUTH, **SECRETS)), Retry)
    assert vendor.lines == ["POST /token"]


def test_a_refused_grant_stops_the_run_and_shows_no_secret(opened: Open, vendor: Vendor) -> None:
    vendor.says(Says({"error": "invalid_grant", "error_description": "refresh-1 of ada@example.com"}, 400))
    with pytest.raises(CheckDestination, match=r"gives no token \(HTTP 400: invalid_grant\)") as caught:
        send(opened(OAUTH, **SECRETS))
    assert "refresh-1" not in str(caught.value)


def test_a_token_is_in_no_log_and_no_reason(
    opened: Open, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("cdp_cli").propagate = True
    tokens = Tokens(refresh_token="refresh-2")
    vendor.answers = lambda asked: (
        tokens(asked) if asked.path == "/token" else Says({"message": "not token-1, refresh-2"}, 500)
    )
    there = opened(OAUTH, **SECRETS)
    told = send(there)
    assert told == InDoubt("HTTP 500: not <secret>, <secret>", answered=True)
    assert "token-1" not in f"{caplog.text} {there!r}"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def key_file(key: rsa.RSAPrivateKey, **changes: str) -> str:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    given = {"client_email": "cdp@project.example", "private_key_id": "k1", "private_key": text}
    return json.dumps({**given, "token_uri": "https://elsewhere.example/token", **changes})


ACCOUNT = f"""
secrets: {{account: The key file.}}
auth: {{service_account: {{key: account, scope: "https://vendor.example/auth/data", token_url: /token}}}}
{OBJECTS}"""


def test_a_service_account_signs_a_statement_for_the_token(
    key: rsa.RSAPrivateKey, opened: Open, vendor: Vendor
) -> None:
    vendor.answers = Tokens()
    assert send(opened(ACCOUNT, account=key_file(key))) == Accepted()
    asked = vendor.asked[0].form()
    assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    signed, _, signature = asked["assertion"].rpartition(".")
    key.public_key().verify(decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    header, claims = (json.loads(decoded(part)) for part in signed.split("."))
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert claims.pop("exp") - claims.pop("iat") == 3600
    assert claims == {
        "iss": "cdp@project.example",
        "scope": "https://vendor.example/auth/data",
        # The address in our YAML, not the one in the key file.
        "aud": f"{vendor.url}/token",
    }


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("text", ["no json", "{}", '{"client_email": "a", "private_key": "b"}', "[]"])
def test_a_key_file_that_is_none_is_named_and_not_shown(text: str, opened: Open) -> None:
    with pytest.raises(FixConfiguration, match=r"secrets\.account is unusable") as caught:
        opened(ACCOUNT, account=text)
    assert text not in str(caught.value)


MISTAKES = [
    (
        "token_url: /token",
        "token_url: 'https://{client}.example/token'",
        "is neither a path below base_url",
    ),
    (
        "token_url: /token",
        "token_url: 'http://login.example/token'",
        "is neither a path below base_url",
    ),
    ("client_secret: secret", "client_secret: s3cret", "auth.client_secret names none of the secrets"),
    ("    refresh_token: refresh\n", "", "refresh_token goes with grant: refresh_token"),
    ("grant: refresh_token", "grant: password", "input should be 'client_credentials'"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES, ids=[new for _, new, _ in MISTAKES])
def test_a_mistake_in_auth_does_not_load(old: str, new: str, sentence: str, opened: Open) -> None:
    assert old in OAUTH
    with pytest.raises(FixConfiguration) as caught:
        opened(OAUTH.replace(old, new), **SECRETS)
    assert sentence in caught.value.problem


def test_a_repeated_request_has_the_body_and_key_of_the_first(opened: Open, vendor: Vendor) -> None:
    vendor.answers = tokens = Tokens()
    there = opened(OAUTH, **SECRETS)
    send(there)
    tokens.given += 1
    given = batch(there, Verb.UPSERT, [{"external_id": "p2"}], key="key-2")
    assert there.send(replace(given, attempt=2)) == Accepted()
    bodies = [one.body for one in vendor.asked if one.path == "/people"]
    assert bodies[1] == bodies[2]
