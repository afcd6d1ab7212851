"""A server on loopback that answers as a test says, and a destination made of the test's own YAML."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import connect
from cdp_cli.destinations.base import Destination


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Says:
    """An answer: a document as JSON, or a text as it is."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        if self.document is None:
            return b""
        text = self.document if isinstance(self.document, str) else json.dumps(self.document)
        return text.encode()


Answers = Callable[[Asked], Says]


class Vendor:
    """The server; `answers` decides, and `asked` has all requests in their order."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: Answers = lambda _: Says({})
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                asked = Asked(self.command, parts.path, query, headers, self.rfile.read(length))
                vendor.asked.append(asked)
                says = vendor.answers(asked)
                self.send_response(says.status)
                for name, value in {"Content-Type": "application/json", **says.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(says.body)))
                self.end_headers()
                self.wfile.write(says.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Vendor]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def says(self, *answers: Says) -> None:
        """Give these answers in turn; the last one again and again."""
        left = list(answers)
        self.answers = lambda _: left.pop(0) if len(left) > 1 else left[0]

    @property
    def lines(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor().running() as running:
        yield running


Open = Callable[..., Destination]


@pytest.fixture
def opened(settings: Settings, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the object `people` of a destination of the project, written in YAML by the test."""

    def open_it(yaml: str, name: str = "people", connection: str = "", **secrets: str) -> Destination:
        folder = settings.project_dir / "destinations"
        folder.mkdir(exist_ok=True)
        (folder / "own.yml").write_text(
            f"destination: own\ndescription: A test's own.\n{yaml}", encoding="utf-8"
        )
        references = []
        for secret, value in secrets.items():
            monkeypatch.setenv(f"OWN_{secret.upper()}", value)
            references.append(f"{secret}: env:OWN_{secret.upper()}")
        (settings.project_dir / "connections.yml").write_text(
            f"connections:\n  own:\n    destination: own\n    base_url: {vendor.url}\n"
            f"    secrets: {{{', '.join(references)}}}\n{connection}",
            encoding="utf-8",
        )
        return connect("own", name, settings)

    return open_it
