"""Signed statements of a service account: a JSON Web Token, RS256 (RFC 7519, RFC 7523).

The key is the JSON file that Google gives for a service account. Its own `token_uri` is not used,
so that a key cannot send our statement elsewhere.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_LASTS_SECONDS = (
    3600  # the most that Google accepts: developers.google.com/identity/protocols/oauth2/service-account
)
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class SignedGrant:
    """A statement for one audience and scope. Raises ValueError, without the key, if the key is unusable."""

    def __init__(self, key: str, scope: str, audience: str) -> None:
        try:
            given = json.loads(key)
            self._email, self._key_id = given["client_email"], given.get("private_key_id")
            loaded = serialization.load_pem_private_key(given["private_key"].encode(), None)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ValueError("it is not the JSON of a service account's key") from None
        if not isinstance(loaded, RSAPrivateKey):
            raise ValueError("its private_key is not an RSA key")
        self._key, self._scope, self._audience = loaded, scope, audience

    def fields(self) -> Mapping[str, str]:
        """A new statement, which lasts an hour."""
        now = int(time.time())
        header = {"alg": "RS256", "typ": "JWT", **({"kid": self._key_id} if self._key_id else {})}
        claims = {
            "iss": self._email,
            "scope": self._scope,
            "aud": self._audience,
            "iat": now,
            "exp": now + _LASTS_SECONDS,
        }
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        signature = self._key.sign(signed.encode(), PKCS1v15(), hashes.SHA256())
        return {"grant_type": _GRANT, "assertion": f"{signed}.{_base64(signature)}"}

    def learn(self, document: Any) -> None:
        """The next statement does not depend on the answer."""

    @property
    def secrets(self) -> list[str]:
        """The key never leaves this object."""
        return []


def _encoded(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
