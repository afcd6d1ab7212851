"""A destination that takes everything at once: a light HTTP server in a process of its own.

    python benchmarks/sink.py [--latency SECONDS]

It prints its port, and ends when its standard input does. Each POST is answered with `{}` after the latency,
its body uninspected. GET answers how many requests came and with how many bytes of body, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BUFFER_BYTES = 1 << 20
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_TAKEN = _ANSWER % (2, b"{}")


class Sink:
    """What came."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.requests = 0
        self.bytes = 0


class _Connection(asyncio.BufferedProtocol):
    """Reads a head, counts the body down, answers. One request at a time: no pipelining."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray(_BUFFER_BYTES)
        self._kept = 0  # bytes of an unfinished head, at the buffer's start
        self._missing = 0  # bytes of a body
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self._buffer)[self._kept :]

    def buffer_updated(self, nbytes: int) -> None:
        if self._missing:
            self._body(nbytes)
            return
        self._kept += nbytes
        end = self._buffer.find(b"\r\n\r\n", 0, self._kept)
        if end >= 0:
            head, rest = bytes(self._buffer[:end]).lower(), self._kept - end - 4
            self._kept = 0
            if head.startswith(b"get"):
                document = json.dumps({"requests": self._sink.requests, "bytes": self._sink.bytes}).encode()
                self._transport.write(_ANSWER % (len(document), document))
            else:
                self._missing = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                self._sink.bytes += self._missing
                self._body(rest)

    def _body(self, nbytes: int) -> None:
        self._missing -= nbytes
        if self._missing == 0:
            self._sink.requests += 1
            if self._sink.latency:
                asyncio.get_running_loop().call_later(self._sink.latency, self._transport.write, _TAKEN)
            else:
                self._transport.write(_TAKEN)


async def _serve(latency: float) -> None:
    sink = Sink(latency)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(sink), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def sink(latency: float = 0.0) -> Iterator[int]:
    """Run one; gives its port."""
    arguments = [sys.executable, str(Path(__file__).resolve()), "--latency", str(latency)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # its standard input ends with the block
        assert process.stdout is not None
        yield int(process.stdout.readline())
        assert process.stdin is not None
        process.stdin.close()


def came(port: int) -> dict[str, Any]:
    """How many requests and bytes came since it started."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/")
    counted: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--latency", type=float, default=0.0)
    asyncio.run(_serve(parser.parse_args().latency))
