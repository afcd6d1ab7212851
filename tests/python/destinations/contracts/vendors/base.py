"""A vendor's API on loopback: it keeps what it was asked, and answers by its contract or by a script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations import vendor
from tests.python.destinations.vendor import Asked, Says

__all__ = ["Asked", "Handler", "Vendor"]
Handler = Callable[..., Reply]


class Vendor(vendor.Vendor):
    """A vendor's server. `refused` says by key what the vendor has against a row; `held` is who is there.

    A subclass has the routes, and what a connection to it needs.
    """

    destination: ClassVar[str]
    secrets: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.refused: dict[str, str] = {}
        self.held: dict[str, Any] = {}
        self._scripted: list[tuple[str, re.Pattern[str], Reply]] = []
        self.mislabelled = ""  # a pattern of the paths whose answers have the wrong media type
        self._insists: list[tuple[str, re.Pattern[str], Reply]] = []
        self.answers = self._says

    def connection_secrets(self) -> Mapping[str, str]:
        """What a connection's secrets are worth."""
        return self.secrets

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """Handlers by method and path, a regular expression whose groups are passed on."""
        raise NotImplementedError

    def refuses(self, asked: Asked) -> Reply | None:
        """The answer to a request without valid credentials, or None."""
        raise NotImplementedError

    def script(self, *replies: Reply, path: str = "", method: str = ".*") -> None:
        """Answer the next requests to a path with these, one each, and apply nothing."""
        self._scripted += [(method, re.compile(path), reply) for reply in replies]

    def insist(self, reply: Reply, path: str, method: str = ".*") -> None:
        """Answer every request to a path with this."""
        self._insists.append((method, re.compile(path), reply))

    def bodies(self, path: str) -> list[Any]:
        """The JSON bodies that were sent to a path, in order."""
        return [asked.json() for asked in self.asked if re.search(path, asked.path) and asked.body]

    def _says(self, asked: Asked) -> Says:
        reply = self._answer(asked)
        is_mislabelled = bool(self.mislabelled) and re.fullmatch(self.mislabelled, asked.path)
        headers = {"Content-Type": "text/html" if is_mislabelled else reply.content_type, **reply.headers}
        if reply.raw is not None:
            return Says(reply.raw.decode(), reply.status, headers)
        text = None if reply.document is None else json.dumps(reply.document)
        return Says(text, reply.status, headers)

    def _answer(self, asked: Asked) -> Reply:
        for entry in [*self._scripted, *self._insists]:
            method, path, reply = entry
            if re.fullmatch(method, asked.method) and path.search(asked.path):
                if entry in self._scripted:
                    self._scripted.remove(entry)
                return reply
        refusal = self.refuses(asked)
        if refusal is not None:
            return refusal
        for (method, pattern), handler in self.routes().items():
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return handler(asked, *found.groups())
        return Reply(404, {"error": f"there is no {asked.method} {asked.path}"})
