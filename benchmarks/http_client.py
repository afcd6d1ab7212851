"""Requests a second of our HTTP client to a sink that answers at once, as a multiple of bare sockets.

    python benchmarks/http_client.py [--requests 20000] [--threads 1 4]

The sink is another process. The bare loop sends bytes that were made before and reads one answer of a known
size, so it is what this machine and its load allow.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from cdp_cli.http import Http

ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json\r\n"
    b'Content-Length: 12\r\n\r\n{"ok": true}'
)
BODY = b'{"profile_id":"p1","email":"ana@example.com","type":"order_placed","value":12.5}'
HEADERS = {"Authorization": "Bearer of-no-one", "Content-Type": "application/json"}


class Sink(asyncio.Protocol):
    """Answers each request of a connection when its last byte is there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.unread = b""

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            _, _, length = self.unread[:end].lower().partition(b"content-length:")
            size = end + 4 + int(length.split(b"\r\n", 1)[0] or 0)
            if len(self.unread) < size:
                return
            self.unread = self.unread[size:]
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def ours(port: int) -> Callable[[], None]:
    http = Http(f"http://127.0.0.1:{port}", HEADERS, 30)
    return lambda: _checked(
        http.request("POST", "/events", body=BODY, headers={"Idempotency-Key": "k"}).status
    )


def bare(port: int) -> Callable[[], None]:
    threads = threading.local()
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    message = f"POST /events HTTP/1.1\r\n{lines}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY

    def one() -> None:
        if not hasattr(threads, "sock"):
            threads.sock = socket.create_connection(("127.0.0.1", port))
            threads.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threads.sock.sendall(message)
        _checked(200 if threads.sock.recv(len(ANSWER), socket.MSG_WAITALL) == ANSWER else 0)

    return one


def _checked(status: int) -> None:
    if status != 200:
        raise RuntimeError(f"the sink answered {status}")


def rate(one: Callable[[], None], requests: int, threads: int) -> tuple[float, float]:
    """Requests a second, and microseconds of this process's processor for each."""

    def work() -> None:
        for _ in range(requests // threads):
            one()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    began, worked = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return requests / (time.perf_counter() - began), (time.process_time() - worked) / requests * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE) as sink:
        try:
            assert sink.stdout is not None
            port = int(sink.stdout.readline())
            for threads in given.threads:
                yardstick, _ = rate(bare(port), given.requests, threads)
                found, processor = rate(ours(port), given.requests, threads)
                print(
                    f"{threads} threads: {found:,.0f} requests a second, {processor:.0f} microseconds each, "
                    f"{found / yardstick:.2f} x bare sockets ({yardstick:,.0f})"
                )
        finally:
            sink.kill()


if __name__ == "__main__":
    main()
