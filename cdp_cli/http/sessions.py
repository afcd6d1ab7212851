"""Sessions of requests that limit a whole request's time and keep no connection with unread bytes.

The timeouts of requests are between two bytes. A server that sends a byte now and then would never end.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_POOL = 4
_TICK_SECONDS = 0.1


class Watch:
    """Cuts the connection of one thread's request when its time is up."""

    def __init__(self) -> None:
        self.ran_out = False
        self._lock = threading.Lock()
        self._deadline: float | None = None
        self._connection: Any = None

    def start(self, seconds: float) -> None:
        """Begin a request of at most so many seconds."""
        with self._lock:
            self.ran_out, self._deadline = False, time.monotonic() + seconds
        _clock.add(self)

    def stop(self) -> None:
        """End the request."""
        with self._lock:
            self._deadline = self._connection = None
        _clock.remove(self)

    def use(self, connection: Any) -> None:
        """Note the connection that carries the request."""
        with self._lock:
            self._connection = connection

    def look(self, now: float) -> None:
        """Cut the connection if the time is up."""
        with self._lock:
            sock = getattr(self._connection, "sock", None)
            if self._deadline is None or now < self._deadline or sock is None:
                return
            self.ran_out = True
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Clock:
    """One thread of the process that looks after all requests under way."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._lock = threading.Lock()
        self._running = False
        self._wake = threading.Event()

    def add(self, watch: Watch) -> None:
        with self._lock:
            self._watches.add(watch)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, daemon=True, name="http-watch").start()
            self._wake.set()

    def remove(self, watch: Watch) -> None:
        with self._lock:
            self._watches.discard(watch)
            if not self._watches:
                self._wake.clear()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(_TICK_SECONDS)
            with self._lock:
                watches = list(self._watches)
            now = time.monotonic()
            for watch in watches:
                watch.look(now)


_clock = _Clock()
_current = threading.local()  # the watch of the request that this thread makes


class _Response(http.client.HTTPResponse):
    """Notices bytes behind its own end, which nobody asked for."""

    has_more = False

    def _close_conn(self) -> None:
        stream = self.fp
        sock = getattr(getattr(stream, "raw", None), "_sock", None)
        if sock is not None:
            waited = sock.gettimeout()
            # Without a wait: `peek` may read from the socket.
            with contextlib.suppress(OSError, ValueError):
                sock.settimeout(0)
                self.has_more = bool(stream.peek(1))
            with contextlib.suppress(OSError):
                sock.settimeout(waited)
        super()._close_conn()  # type: ignore[misc]


class _Watched:
    """What both kinds of connection add."""

    response_class: Any = _Response

    def request(self, *arguments: Any, **options: Any) -> None:
        """Send, under the watch of this thread's request."""
        watch: Watch | None = getattr(_current, "watch", None)
        if watch is not None:
            watch.use(self)
        super().request(*arguments, **options)  # type: ignore[misc]


class _Http(_Watched, HTTPConnection):
    pass


class _Https(_Watched, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class Session(requests.Session):
    """A session of one thread."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watch()
        # With an `auth` of its own, requests does not replace our Authorization by credentials from ~/.netrc.
        self.auth = lambda request: request
        adapter = _Adapter(pool_connections=_POOL, pool_maxsize=_POOL, max_retries=0)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send one request under this session's watch."""
        _current.watch = self.watch
        return super().send(*arguments, **options)

    def drop_if_more(self, answer: requests.Response) -> None:
        """Close all connections if bytes followed the answer, because they would answer the next request."""
        if getattr(getattr(answer.raw, "_fp", None), "has_more", False):
            self.close()
