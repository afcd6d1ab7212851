"""Opens a socket to an origin: through the proxies of the environment, over TLS that is verified.

A proxy is taken from HTTP_PROXY, HTTPS_PROXY and ALL_PROXY unless NO_PROXY names the host: a name and all
below it, an address, a network such as 10.0.0.0/8, or `*`.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.request import getproxies, proxy_bypass

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.exceptions import HTTPError
from urllib3.util import Url, make_headers, parse_url
from urllib3.util.ssl_ import create_urllib3_context

_PORTS = {"http": 80, "https": 443}


class UnusableProxy(Exception):
    """A proxy that we cannot use. The text does not repeat its address, which may hold a password."""


@dataclass(frozen=True)
class Origin:
    """A scheme, a host and a port."""

    scheme: str
    host: str  # without the brackets of IPv6
    port: int

    @classmethod
    def of(cls, address: Url) -> Origin:
        """The origin of an address. Raises ValueError if it is not one of http or https."""
        if address.scheme not in _PORTS or not address.host:
            raise ValueError("the address is not one of http or https")
        return cls(address.scheme, address.host.strip("[]"), address.port or _PORTS[address.scheme])

    def __str__(self) -> str:
        """As the header Host has it: without the port that the scheme has by default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Line:
    """An open socket, and what a request through it must say to a proxy that forwards it."""

    sock: Any  # socket, SSLSocket or, within the TLS of a proxy, SSLTransport
    prefix: str = ""  # of the target
    headers: bytes = b""


def dial(origin: Origin, seconds: float, response_class: Any) -> Line:
    """Open a socket to the origin. `response_class` reads a proxy's answer to CONNECT.

    Raises OSError, urllib3's HTTPError, UnusableProxy or ValueError. No byte of a request was sent then.
    """
    proxy = _proxy(origin)
    secure = origin.scheme == "https"
    if proxy is None:
        return Line(_connected(_connection(origin, seconds, over_tls=secure)))
    to = Origin.of(proxy)
    connection = _connection(to, seconds, over_tls=secure or to.scheme == "https", proxy=proxy)
    login = make_headers(proxy_basic_auth=proxy.auth) if proxy.auth else {}
    if secure:
        connection.set_tunnel(origin.host, origin.port, login, scheme=to.scheme)
        connection.response_class = response_class
        return Line(_connected(connection))
    headers = "".join(f"{name}: {value}\r\n" for name, value in login.items()).encode()
    return Line(_connected(connection), f"http://{origin}", headers)


def _connection(to: Origin, seconds: float, *, over_tls: bool, proxy: Url | None = None) -> HTTPConnection:
    if not over_tls:
        return HTTPConnection(to.host, to.port, timeout=seconds, proxy=proxy)
    tls = _context()
    config = ProxyConfig(tls, False, None, None) if proxy else None
    return HTTPSConnection(
        to.host, to.port, timeout=seconds, proxy=proxy, proxy_config=config, ssl_context=tls
    )


def _connected(connection: HTTPConnection) -> Any:
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection.sock


def _proxy(origin: Origin) -> Url | None:
    if _is_local(origin):
        return None
    proxies = getproxies()
    found = proxies.get(origin.scheme) or proxies.get("all")
    if not found:
        return None
    try:
        proxy = parse_url(found if "://" in found else f"http://{found}")
    except HTTPError:
        raise UnusableProxy("the address of the proxy cannot be read") from None
    if proxy.scheme not in _PORTS or not proxy.host:
        raise UnusableProxy(f"the proxy is one of {proxy.scheme}, and only http and https can be used")
    return proxy


def _is_local(origin: Origin) -> bool:
    """Whether NO_PROXY names the host."""
    if proxy_bypass(str(origin)):
        return True
    try:
        address = ipaddress.ip_address(origin.host)
    except ValueError:
        return False
    return any(_holds(network.strip(), address) for network in getproxies().get("no", "").split(","))


def _holds(network: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _context() -> ssl.SSLContext:
    return _verifying(os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"))


@lru_cache
def _verifying(bundle: str | None) -> ssl.SSLContext:
    """TLS that trusts the named file or folder alone; without one, certifi and the system."""
    context = create_urllib3_context()
    if bundle:
        folder = os.path.isdir(bundle)  # noqa: PTH112
        context.load_verify_locations(None if folder else bundle, bundle if folder else None)
    else:
        context.load_default_certs()
        context.load_verify_locations(certifi.where())
    return context
