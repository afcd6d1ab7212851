"""The receiving side of Standard Webhooks: verifies, drops repeated messages, applies the rows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from cdp_cli.receiver.exchange import Reply, Request
from cdp_cli.receiver.store import Store

MAX_BYTES = 5_000_000
TOLERANCE_SECONDS = 300
_KEYS = ("external_id", "id", "profile_id", "user_id", "loyalty_id", "email", "phone")
_REMOVALS = ("remove", "remove_member")
_VERBS = ("upsert", "create", "update", "append", "add_member", *_REMOVALS)


class Webhook:
    """One endpoint for each first segment of the path."""

    def __init__(self, store: Store, secret: str) -> None:
        self._store = store
        self._key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)

    def handle(self, request: Request) -> Reply:
        """Answer one message."""
        if request.method != "POST":
            return Reply(405, {"error": "send messages with POST"})
        message_id = request.headers.get("webhook-id", "")
        wrong = self._unverified(request, message_id)
        if wrong:
            return Reply(401, {"error": wrong})
        if len(request.body) > MAX_BYTES:
            return Reply(413, {"error": f"more than {MAX_BYTES} bytes"})
        destination = request.path.strip("/") or "webhook"
        message = request.json()
        name, verb, rows, wrong = _parsed(message)
        if wrong:
            return Reply(400, {"error": wrong})
        if (name, verb) == ("cdp", "ping"):
            return Reply(200, {"rejected": []})
        told = _digest(message["type"], rows)
        with self._store.transaction():
            seen = self._store.answer(destination, message_id)
            if seen is not None:
                # Who withdrew in between is left out of a repeat, so it may hold fewer rows, and no others.
                if not set(told.split()) <= set(seen[0].split()):
                    return Reply(409, {"error": "this webhook-id came before with other rows"})
                return Reply(seen[1], seen[2], {"webhook-duplicate": "true"})
            answer = self._apply(destination, name, verb, rows, request, message_id)
            self._store.keep_answer(destination, message_id, told, 200, answer)
        return Reply(200, answer)

    def _unverified(self, request: Request, message_id: str) -> str:
        """What is wrong with the message's headers, or an empty text."""
        timestamp = request.headers.get("webhook-timestamp", "")
        given = request.headers.get("webhook-signature", "").split()
        if not message_id or not timestamp or not given:
            return "webhook-id, webhook-timestamp or webhook-signature is missing"
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
            return "webhook-timestamp is more than five minutes from now"
        signed = f"{message_id}.{timestamp}.".encode() + request.body
        digest = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        if not any(hmac.compare_digest(f"v1,{digest}", signature) for signature in given):
            return "no signature matches"
        return ""

    def _apply(
        self,
        destination: str,
        name: str,
        verb: str,
        rows: list[Mapping[str, Any]],
        request: Request,
        message_id: str,
    ) -> Any:
        rejected, taken = [], []
        for index, row in enumerate(rows):
            reason = request.rejects(row)
            if reason is not None:
                rejected.append({"index": index, "reason": reason})
            else:
                taken.append((_key(row), row))
        if verb in _REMOVALS:
            self._store.remove(destination, name, verb, [key for key, _ in taken], message_id)
        elif verb == "append":
            first = self._store.next_number()
            numbered = [(f"{first + offset:012d}", row) for offset, (_, row) in enumerate(taken)]
            self._store.apply(destination, name, verb, numbered, message_id)
        else:
            self._store.apply(destination, name, verb, taken, message_id)
        return {"rejected": rejected}


def _parsed(message: Any) -> tuple[str, str, list[Mapping[str, Any]], str]:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "", "", [], "the body is not a JSON object with a type"
    name, _, verb = message["type"].rpartition(".")
    rows = message.get("data")
    if (name, verb) == ("cdp", "ping"):
        return name, verb, [], ""
    if not name or verb not in _VERBS:
        return "", "", [], f"type must end in one of {', '.join(_VERBS)}"
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return "", "", [], "data is not a list of objects"
    return name, verb, rows, ""


def _digest(kind: str, rows: list[Mapping[str, Any]]) -> str:
    """What a message says: a digest of its type and of each row."""
    texts = [kind, *(json.dumps(row, sort_keys=True) for row in rows)]
    return " ".join(hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts)


def _key(row: Mapping[str, Any]) -> str:
    for name in _KEYS:
        if row.get(name) is not None:
            return f"{row[name]}"
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
