"""A vendor's API on loopback: it keeps what it was asked, and answers by its contract or by a script."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from cdp_cli.receiver.exchange import Reply


@dataclass(frozen=True)
class Asked:
    """One request as it arrived. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is not."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))


Handler = Callable[..., Reply]


class Vendor:
    """A vendor's server. `refused` says by key what the vendor has against a row; `held` is who is there.

    A subclass has the routes, and what a connection to it needs.
    """

    destination: ClassVar[str]
    secrets: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[Mapping[str, str]] = {}
    prefix: ClassVar[str] = ""  # of the base URL

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.refused: dict[str, str] = {}
        self.held: dict[str, Any] = {}
        self._scripted: list[tuple[str, re.Pattern[str], Reply]] = []
        self._insists: list[tuple[str, re.Pattern[str], Reply]] = []
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Vendor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_port}"

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

    def answer(self, asked: Asked) -> Reply:
        """The answer to a request."""
        self.asked.append(asked)
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], vendor: Vendor) -> None:
        super().__init__(address, _Handler)
        self.vendor = vendor
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
        with self.server.lock:
            reply = self.server.vendor.answer(asked)
        content = reply.raw
        if content is None:
            content = b"" if reply.document is None else json.dumps(reply.document).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", reply.content_type)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        """Print nothing."""
