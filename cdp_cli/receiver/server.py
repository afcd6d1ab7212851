"""The receiver's HTTP server: routes to the contracts, fails on request, and shows its records."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from cdp_cli.receiver.behaviours import BEHAVIOURS, Behaviour
from cdp_cli.receiver.exchange import Reply, Request
from cdp_cli.receiver.faults import Fault, Faults
from cdp_cli.receiver.klaviyo import Klaviyo
from cdp_cli.receiver.store import Store
from cdp_cli.receiver.webhook import Webhook

# Demo values, not secrets: only a receiver on your own machine accepts them.
DEMO_API_KEY = "pk_demo_key_of_the_local_receiver"
DEMO_WEBHOOK_SECRET = "whsec_ZGVtby1zZWNyZXQtb2YtdGhlLWxvY2FsLXJlY2VpdmVy"
KEPT_REQUESTS = 1000


class Receiver:
    """A local server that implements the APIs of our destinations. Use it as a context manager.

    `port` 0 takes a free one. Without a `store` path it keeps everything in memory.
    """

    def __init__(
        self,
        store: Path | None = None,
        port: int = 0,
        klaviyo_api_key: str = DEMO_API_KEY,
        webhook_secret: str = DEMO_WEBHOOK_SECRET,
    ) -> None:
        self.klaviyo_api_key, self.webhook_secret = klaviyo_api_key, webhook_secret
        self.store = Store(store)
        self.faults = Faults()
        self.behaviour: Behaviour | None = None
        self.requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)  # the latest, for tests of our requests
        self._contracts: dict[str, Klaviyo | Webhook] = {
            "klaviyo": Klaviyo(self.store, klaviyo_api_key),
            "webhook": Webhook(self.store, webhook_secret),
        }
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The server's address, the value for CDP_RECEIVER_URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which the demo's connections.yml reaches this receiver."""
        return {
            "CDP_RECEIVER_URL": self.url,
            "KLAVIYO_API_KEY": self.klaviyo_api_key,
            "CRM_WEBHOOK_SECRET": self.webhook_secret,
        }

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.store.close()

    def serve(self) -> None:
        """Serve on this thread until interrupted."""
        try:
            self._server.serve_forever()
        finally:
            self._server.server_close()
            self.store.close()

    def fail(self, **fault: Any) -> None:
        """Turn a fault on: `fail(kind="status", status=429, retry_after=1, times=2)`."""
        self.faults.add(Fault(**fault))

    def refuse(self, reason: str = "refused on request", **where: Any) -> None:
        """Refuse the records whose fields have these values."""
        self.faults.add(Fault(kind="reject", where=where, reason=reason))

    def behave(self, name: str) -> None:
        """Answer as the behaviour of that name says, from now on."""
        self.behaviour = BEHAVIOURS[name]

    def accept_everything(self) -> None:
        """Turn all faults and the behaviour off."""
        self.faults.clear()
        self.behaviour = None

    def state(self) -> dict[str, dict[str, dict[str, Any]]]:
        """All records by destination, object and key."""
        return self.store.state()

    def log(self, after: int = 0) -> list[Any]:
        """Every application of a record since that number, in order."""
        return self.store.log(after)

    def reset(self) -> None:
        """Delete records, faults, the behaviour and requests."""
        self.accept_everything()
        self.requests.clear()
        self.store.reset()

    def answer(self, request: Request, prefix: str) -> Reply:
        """Route to the contract of that prefix."""
        contract = self._contracts.get(prefix)
        if contract is None:
            return Reply(
                404, {"error": f"no destination at /{prefix}; there are {', '.join(self._contracts)}"}
            )
        self.requests.append(request)
        behaviour = self.behaviour
        if behaviour is None or not behaviour.concerns(request):
            return contract.handle(request)
        return behaviour.change(request, contract.handle(request) if behaviour.applies else Reply(200))

    def control(self, method: str, path: str, query: dict[str, str], body: bytes) -> Reply:
        """Answer /_receiver/...: inspection and faults."""
        if (method, path) == ("GET", "/state"):
            return Reply(200, self.state())
        if (method, path) == ("GET", "/log"):
            return Reply(200, self.log(int(query.get("after", "0"))))
        if (method, path) == ("POST", "/reset"):
            self.reset()
            return Reply(200, {"reset": True})
        if (method, path) == ("DELETE", "/faults"):
            self.accept_everything()
            return Reply(200, {"faults": 0})
        if (method, path) == ("POST", "/faults"):
            try:
                self.faults.add(Fault.model_validate_json(body))
            except ValidationError as error:
                return Reply(400, {"errors": error.errors(include_url=False, include_context=False)})
            return Reply(200, {"added": True})
        return Reply(404, {"error": "there are GET state and log, POST faults and reset, DELETE faults"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, killed or cut on request, is not an error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # headers and body are sent together

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: paths and filters hold personal data."""

    def _serve(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        _, prefix, rest = (*parts.path.split("/", 2), "", "")[:3]
        if prefix == "_receiver":
            self._reply(receiver.control(self.command, f"/{rest}", query, body))
            return
        fault = receiver.faults.take(self.command, parts.path)
        if fault is not None and fault.kind == "cut_before":
            self._cut()
            return
        if fault is not None and fault.kind == "status":
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            self._reply(Reply(fault.status, _problem(fault, prefix), wait))
            return
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        request = Request(
            method=self.command,
            path=f"/{rest}",
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            rejects=lambda record: receiver.faults.rejects(parts.path, record),
            origin=f"{receiver.url}/{prefix}",
        )
        reply = receiver.answer(request, prefix)
        if fault is not None and fault.kind == "cut_after":
            self._cut()
            return
        self._reply(reply)

    def _reply(self, reply: Reply) -> None:
        content = reply.raw or b""
        if reply.document is not None:
            content = json.dumps(reply.document, ensure_ascii=False).encode()
        for _ in range(reply.answers):
            self._write(reply, content)

    def _write(self, reply: Reply, content: bytes) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", reply.content_type)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not reply.drip:
            self.wfile.write(content)
            return
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(reply.drip)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _problem(fault: Fault, prefix: str) -> Any:
    """An error in the destination's own shape."""
    if prefix == "klaviyo":
        title = {429: "Request was throttled.", 401: "Incorrect authentication credentials."}.get(
            fault.status, "Error."
        )
        return {
            "errors": [
                {"id": "0", "status": fault.status, "code": "fault", "title": title, "detail": fault.reason}
            ]
        }
    return {"error": fault.reason}
