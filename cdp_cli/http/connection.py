"""One kept connection to one origin. An exchange has a deadline, and an answer has no bytes but its own.

The timeout of a socket is between two bytes, so a server that sends a byte now and then would never end.
Here each wait is at most what is left until the deadline.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ssl
import time
import zlib
from typing import Any

from cdp_cli.http.dialling import Line, Origin, dial

CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 32_000_000  # after decompression
_CHUNK = 1 << 16
_SWITCHING_PROTOCOLS = 101


class Unusable(Exception):
    """An answer that is not read to its end."""


class Cut(Exception):
    """An answer that ended too early."""


class Connection:
    """One connection, opened when it is needed, and anew if the last exchange left it unusable."""

    def __init__(self, origin: Origin, seconds: float) -> None:
        self._origin = origin
        self._seconds = seconds
        self._deadline = 0.0
        self._line: Line | None = None
        self._stream: _Stream | None = None

    def __del__(self) -> None:
        self.close()

    def open(self) -> Line:
        """Begin an exchange: the connection kept, or a new one. Its seconds count from now.

        Raises what `dial` raises. No byte of the request was sent then.
        """
        self._deadline = time.monotonic() + self._seconds
        if self._line is not None and self._stream is not None and self._stream.is_idle():
            return self._line
        self.close()
        self._line = dial(
            self._origin,
            min(CONNECT_SECONDS, self._seconds),
            lambda sock, method: _Stream(sock, self._deadline).response(method),
        )
        self._stream = _Stream(self._line.sock, self._deadline)
        return self._line

    def exchange(self, method: str, head: bytes, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a request and read its answer: status, headers with names in lower case, content.

        Raises Unusable, Cut, OSError or HTTPException; TimeoutError if the time is up.
        """
        stream = self._stream
        assert stream is not None, "open first"
        keep = False
        try:
            stream.deadline = self._deadline
            stream.send(head, body)
            answer = stream.answer(method)
            headers = _headers(answer)
            content = _content(answer, headers.get("content-encoding", ""))
            keep = not answer.will_close
        finally:
            if not keep:
                self.close()
        return answer.status, headers, content

    def close(self) -> None:
        """Close the connection; the next exchange opens another."""
        line, self._line, self._stream = self._line, None, None
        if line is not None:
            with contextlib.suppress(OSError):
                line.sock.close()


class _Stream(io.RawIOBase):
    """The bytes of a socket, each read and sent before the deadline; without one, without a wait."""

    def __init__(self, sock: Any, deadline: float | None) -> None:
        super().__init__()
        self.deadline = deadline
        self._sock = sock
        self._has_ended = False
        self._reader = _Reader(self)

    def readable(self) -> bool:
        """A stream can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read some bytes; None if there are none and no time to wait for them."""
        self._sock.settimeout(0 if self.deadline is None else _left(self.deadline))
        try:
            found = int(self._sock.recv_into(buffer))
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        self._has_ended = not found
        return found

    def makefile(self, mode: str) -> _Reader:
        """The one reader of the stream, which http.client asks for at each answer."""
        return self._reader

    def send(self, head: bytes, body: bytes) -> None:
        """Send a request; a small one at once."""
        if len(body) < _CHUNK:
            self._send(head + body)
            return
        self._send(head)
        rest = memoryview(body)
        for start in range(0, len(body), _CHUNK):
            self._send(rest[start : start + _CHUNK])

    def response(self, method: str | None) -> http.client.HTTPResponse:
        """What reads one answer."""
        return http.client.HTTPResponse(self, method=method)  # type: ignore[arg-type]

    def answer(self, method: str) -> http.client.HTTPResponse:
        """The final answer; those that come before it (RFC 9110, 15.2) are passed over."""
        while True:
            answer = self.response(method)
            answer.begin()
            if self._has_ended:  # within the headers, which http.client takes for their end
                raise Cut
            if answer.status >= 200 or answer.status == _SWITCHING_PROTOCOLS:
                return answer

    def is_idle(self) -> bool:
        """Whether nothing came after the last answer: no end, and no bytes, which nobody asked for."""
        self.deadline = None
        try:
            return not self._reader.peek(1) and not self._has_ended
        except OSError:
            return False

    def _send(self, data: bytes | memoryview) -> None:
        assert self.deadline is not None
        self._sock.settimeout(_left(self.deadline))
        self._sock.sendall(data)


class _Reader(io.BufferedReader):
    """Outlives each answer, which closes its file at its end."""

    def close(self) -> None:
        """Nothing: the bytes after an answer stay to be seen."""


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _headers(answer: http.client.HTTPResponse) -> dict[str, str]:
    """The headers by their names in lower case; several of one name are one (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in answer.headers.items():
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _content(answer: http.client.HTTPResponse, encoding: str) -> bytes:
    """The body, at most MAX_ANSWER_BYTES of it, unpacked if it is gzip."""
    encoding = encoding.strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        # Two layers of gzip would make one small chunk larger than the memory.
        raise Unusable(f"its encoding is {encoding[:40]}")
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    found = bytearray()
    while chunk := answer.read(_CHUNK):
        try:
            found += unpacking.decompress(chunk, MAX_ANSWER_BYTES + 1 - len(found)) if unpacking else chunk
        except zlib.error:
            raise Unusable("it is not gzip") from None
        if len(found) > MAX_ANSWER_BYTES:
            raise Unusable(f"it is larger than {MAX_ANSWER_BYTES // 1_000_000} MB")
    if answer.length:
        raise Cut
    if unpacking and found and not unpacking.eof:
        raise Unusable("its gzip ends too early")
    return bytes(found)
