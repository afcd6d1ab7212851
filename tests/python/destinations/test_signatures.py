"""Standard Webhooks signatures: the published example, and what a receiver must refuse."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest

from cdp_cli.destinations import signatures
from cdp_cli.destinations.base import Destination, Verb
from cdp_cli.http import Http
from cdp_cli.receiver import Receiver
from tests.python.destinations.conftest import batch

# The example that the libraries of the specification are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def test_the_published_example_is_signed_as_published() -> None:
    headers = signatures.sign(signatures.keys(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_rotated_both_sign() -> None:
    other = "whsec_" + base64.b64encode(b"y" * 32).decode()
    headers = signatures.sign(signatures.keys(f"{SECRET} {other}"), "m", 1, BODY)
    assert len(headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not start with whsec_"),
        ("whsec_not base64!", "does not start with whsec_|not base64"),
        ("whsec_%%%%", "not base64"),
        ("whsec_c2hvcnQ=", "not 24 to 64 bytes"),
        ("", "empty"),
    ],
)
def test_a_malformed_secret_is_refused_without_repeating_it(secret: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        signatures.keys(secret)
    assert "whsec_n" not in str(caught.value)


def test_the_idempotency_key_is_the_message_s_id(
    open_object: Callable[[str, str], Destination], receiver: Receiver
) -> None:
    there = open_object("crm_webhook", "people")
    rows = [{"external_id": "p1"}]
    there.send(batch(there, Verb.UPSERT, rows, key="run-1.batch-2"))
    assert receiver.requests[0].headers["webhook-id"] == "run-1_batch-2"  # a dot would blur what is signed
    assert receiver.requests[0].json() == {"type": "people.upsert", "data": [{"external_id": "p1"}]}


@pytest.mark.parametrize("change", ["id", "timestamp", "signature", "body", "old", "none"])
def test_the_receiver_refuses_what_is_not_signed_rightly(change: str, receiver: Receiver) -> None:
    body = b'{"type":"people.upsert","data":[{"external_id":"p1"}]}'
    now = int(time.time()) - (301 if change == "old" else 0)
    headers = signatures.sign(signatures.keys(receiver.webhook_secret), "m1", now, body)
    if change in ("id", "signature"):
        headers[f"webhook-{change}"] += "x"
    if change == "timestamp":
        headers["webhook-timestamp"] = str(now - 1)
    http = Http(f"{receiver.url}/webhook/crm", {}, 5)
    sent = http.request(
        "POST",
        "",
        body=body + b" " if change == "body" else body,
        headers={} if change == "none" else headers,
    )
    assert sent.status == 401
    assert receiver.state() == {}
