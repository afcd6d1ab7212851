"""Standard Webhooks signatures (standardwebhooks.com, version 1.0.0): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


def keys(secret: str) -> list[bytes]:
    """The keys in a secret text; several, separated by spaces, while a secret is being rotated.

    Raises ValueError, which never holds the secret, where one is not `whsec_` and base64 of 24 to 64 bytes.
    """
    found = []
    for part in secret.split():
        if not part.startswith(PREFIX):
            raise ValueError("it does not start with whsec_")
        try:
            key = base64.b64decode(part[len(PREFIX) :], validate=True)
        except binascii.Error:
            raise ValueError("what follows whsec_ is not base64") from None
        if not 24 <= len(key) <= 64:
            raise ValueError("its key is not 24 to 64 bytes long")
        found.append(key)
    if not found:
        raise ValueError("it is empty")
    return found


def sign(secret_keys: list[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message."""
    signatures = [f"v1,{_signature(key, message_id, str(timestamp), body)}" for key in secret_keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify(
    secret_keys: list[bytes], message_id: str, timestamp: str, signatures: str, body: bytes, now: float
) -> str:
    """What is wrong with a message's headers, or an empty text."""
    if not message_id or not timestamp or not signatures:
        return "webhook-id, webhook-timestamp or webhook-signature is missing"
    if not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return "webhook-timestamp is more than five minutes from now"
    given = [entry[3:] for entry in signatures.split() if entry.startswith("v1,")]
    for key in secret_keys:
        wanted = _signature(key, message_id, timestamp, body)
        if any(hmac.compare_digest(wanted, entry) for entry in given):
            return ""
    return "no signature matches"


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
