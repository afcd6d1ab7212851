"""HTTP with keep-alive and limits of time and size. A failure says whether the request may have been applied.

`NotSent`: the request never left. `Unanswered`: it was sent, may have
been applied, and has no answer. Redirects are not followed, so that credentials are not sent to another host.
"""

from __future__ import annotations

import email.utils
import json
import re
import threading
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from cdp_cli.http.sessions import Session

CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 32_000_000  # after decompression
_CHUNK = 1 << 16

Headers = Mapping[str, str]


class NotSent(Exception):
    """No byte of the request reached the other side."""


class Unanswered(Exception):
    """The request was sent, or may have been, and no answer came."""


class _Unusable(Exception):
    """An answer that is not read to its end."""


@dataclass(frozen=True)
class Response:
    """A status, its headers in lower case, and the body as bytes."""

    status: int
    headers: Headers
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or None if it is not JSON, or is nested too deeply to be read."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None

    def retry_after(self, now: float | None = None) -> float | None:
        """The seconds that Retry-After asks us to wait (RFC 9110, 10.2.3), or None."""
        return retry_after(self.headers.get("retry-after"), time.time() if now is None else now)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds from a Retry-After header: a number of seconds or an HTTP date; None if it is neither."""
    text = (value or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError):
        return None


class Http:
    """Requests below one base URL, with one open connection for each thread."""

    def __init__(self, base_url: str, headers: Headers, timeout: float, secrets: Iterable[str] = ()) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {
            "User-Agent": f"cdp-cli/{metadata.version('cdp-cli')}",
            "Accept-Encoding": "gzip",
            **headers,
        }
        self._timeout = timeout
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._threads = threading.local()

    def __repr__(self) -> str:
        return f"Http({self._base_url!r})"

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self._base_url).netloc

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Headers | None = None,
    ) -> Response:
        """Send once. `path` is below the base URL, or a full address on the same host.

        Raises NotSent or Unanswered, with a reason that holds no secret.
        """
        session = self._session()
        session.watch.start(self._timeout)
        try:
            answer = session.request(
                method,
                self._address(path),
                params=dict(params) if params else None,
                data=body,
                headers={**self._headers, **(headers or {})},
                timeout=(min(CONNECT_SECONDS, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                content = _content(answer.raw)
            session.drop_if_more(answer)
        except _Unusable as error:
            raise Unanswered(f"{self.host} gave no usable answer ({error})") from None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if session.watch.ran_out:
                raise Unanswered(f"{self.host} did not answer (timed out)") from None
            cause = _cause(error)
            if isinstance(cause, (NewConnectionError, ConnectTimeoutError, SSLError, ProxyError)):
                raise NotSent(f"{self.host} cannot be reached ({_kind(cause)})") from None
            if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
                raise NotSent(f"{self.host}: the request cannot be made ({_kind(error)})") from None
            raise Unanswered(f"{self.host} did not answer ({_kind(cause)})") from None
        finally:
            session.watch.stop()
        return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content)

    def masked(self, text: str) -> str:
        """`text` without our secrets, in case the other side repeated one."""
        for secret in self._secrets:
            text = text.replace(secret, "<secret>")
        return text

    def _address(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return self._base_url + path
        ours, theirs = urlsplit(self._base_url), urlsplit(path)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise NotSent(
                f"{self.host} points to another host, {theirs.netloc}, which must not get our credentials"
            )
        return path

    def _session(self) -> Session:
        session: Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = Session()
        return session


def _content(raw: Any) -> bytes:
    """The body, at most MAX_ANSWER_BYTES of it, unpacked if it is gzip."""
    encoding = raw.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        # Two layers of gzip would make one small chunk larger than the memory.
        raise _Unusable(f"its encoding is {encoding[:40]}")
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    found = bytearray()
    while chunk := raw.read(_CHUNK, decode_content=False):
        try:
            found += unpacking.decompress(chunk, MAX_ANSWER_BYTES + 1 - len(found)) if unpacking else chunk
        except zlib.error:
            raise _Unusable("it is not gzip") from None
        if len(found) > MAX_ANSWER_BYTES:
            raise _Unusable(f"it is larger than {MAX_ANSWER_BYTES // 1_000_000} MB")
    if unpacking and found and not unpacking.eof:
        raise _Unusable("its gzip ends too early")
    return bytes(found)


def _cause(error: Exception) -> BaseException:
    inner = error.args[0] if error.args else error
    if isinstance(inner, MaxRetryError) and inner.reason is not None:
        return inner.reason
    return inner if isinstance(inner, BaseException) else error


def _kind(error: BaseException) -> str:
    """The failure in words, such as `Connection refused`; the class name if there is no plain cause."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        seen = seen.__cause__ or seen.__context__
    names = {
        "ReadTimeoutError": "timed out",
        "ConnectTimeoutError": "timed out",
        "ProtocolError": "connection cut",
    }
    return names.get(type(error).__name__, type(error).__name__)
