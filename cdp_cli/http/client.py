"""HTTP with keep-alive and limits of time and size. A failure says whether the request may have been applied.

`NotSent`: the request never left. `Unanswered`: it was sent, may have
been applied, and has no answer. Redirects are not followed, so that credentials are not sent to another host.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from cdp_cli.http.connection import Connection, Cut, Unusable
from cdp_cli.http.dialling import Origin, UnusableProxy

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, 5.5
_TARGET = re.compile(r"[!-~]+")
_BODILESS = ("GET", "HEAD")  # they say no length if they have no body
_UNCHANGED = "!#$%&'()*+,/:;=?@[]~"  # in an address whose other characters are quoted

Headers = Mapping[str, str]


class NotSent(Exception):
    """No byte of the request reached the other side."""


class Unanswered(Exception):
    """The request was sent, or may have been, and no answer came."""


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
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            **headers,
        }
        self._timeout = timeout
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._threads = threading.local()
        self._lines: dict[str, str] = {}
        self._origin: Origin | None = None

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
        target = self._target(path, params)
        try:
            connection = self._connection()
            lines = {**self._lines, **_lines(headers)} if headers else self._lines
        except ValueError as error:
            raise NotSent(f"{self.host}: the request cannot be made ({error})") from None
        try:
            line = connection.open()
        except (HTTPError, UnusableProxy, OSError, ValueError, http.client.HTTPException) as error:
            raise NotSent(f"{self.host} cannot be reached ({_kind(error)})") from None
        length = f"Content-Length: {len(body or b'')}\r\n" if body or method not in _BODILESS else ""
        head = f"{method} {line.prefix}{target} HTTP/1.1\r\n{''.join(lines.values())}{length}"
        try:
            answer = connection.exchange(method, head.encode("latin-1") + line.headers + b"\r\n", body or b"")
        except Unusable as error:
            raise Unanswered(f"{self.host} gave no usable answer ({error})") from None
        except (Cut, http.client.HTTPException, OSError) as error:
            raise Unanswered(f"{self.host} did not answer ({_kind(error)})") from None
        return Response(*answer)

    def masked(self, text: str) -> str:
        """`text` without our secrets, in case the other side repeated one."""
        for secret in self._secrets:
            text = text.replace(secret, "<secret>")
        return text

    def _target(self, path: str, params: Mapping[str, str] | None) -> str:
        """What is asked for, as the request says it. Raises NotSent for another host."""
        if path.startswith(("http://", "https://")):
            ours, theirs = urlsplit(self._base_url), urlsplit(path)
            if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
                raise NotSent(
                    f"{self.host} points to another host, {theirs.netloc}, which must not get our credentials"
                )
            target = theirs.path + (f"?{theirs.query}" if theirs.query else "")
        else:
            target = urlsplit(self._base_url).path + path.partition("#")[0]
        if not target.startswith("/"):
            target = "/" + target
        if params:
            target += ("&" if "?" in target else "?") + urlencode(params)
        return target if _TARGET.fullmatch(target) else quote(target, safe=_UNCHANGED)

    def _connection(self) -> Connection:
        """This thread's connection. Raises ValueError if the base URL or a header cannot be used."""
        connection: Connection | None = getattr(self._threads, "connection", None)
        if connection is None:
            if self._origin is None:
                try:
                    origin = Origin.of(parse_url(self._base_url))
                except HTTPError:
                    raise ValueError("base_url is not an address") from None
                self._lines = {**_lines({"Host": str(origin)}), **_lines(self._headers)}
                self._origin = origin
            connection = self._threads.connection = Connection(self._origin, self._timeout)
        return connection


def _lines(headers: Headers) -> dict[str, str]:
    """Headers as lines, by their names in lower case. Raises ValueError without quoting a value."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} has characters that headers cannot have")
    return {name.lower(): f"{name}: {value}\r\n" for name, value in headers.items()}


def _kind(error: BaseException) -> str:
    """The failure in words, such as `Connection refused`; the class name if there is no plain cause."""
    if isinstance(error, (Cut, http.client.RemoteDisconnected, http.client.IncompleteRead)):
        return "connection cut"
    if isinstance(error, http.client.HTTPException):
        return "not HTTP"
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError):
            return seen.strerror or ("timed out" if isinstance(seen, TimeoutError) else str(seen))
        seen = seen.__cause__ or seen.__context__
    return str(error) if isinstance(error, UnusableProxy) else type(error).__name__
