"""Standard Webhooks signatures (standardwebhooks.com, version 1.0.0): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def keys(secret: str) -> list[bytes]:
    """The keys in a secret; several, separated by spaces, while it is being rotated.

    Raises ValueError, which never holds the secret, if one is not `whsec_` and base64 of 24 to 64 bytes.
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
    """The three headers of a message, signed with every key."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in secret_keys]
    signatures = [f"v1,{base64.b64encode(digest).decode()}" for digest in digests]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
