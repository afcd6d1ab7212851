"""A request and a reply as values, so that the contracts need no sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rejects = Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True)
class Request:
    """A request. `path` is below the destination's prefix; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    rejects: Rejects  # why a record is refused on request, or None
    origin: str  # the address of the destination's prefix, for links

    def json(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """A reply: JSON, or no body if the document is None and there are no raw bytes."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    raw: bytes | None = None  # in place of the document
    drip: float = 0.0  # seconds between two bytes
    answers: int = 1  # how often the same answer is sent
