"""The way to an origin: certificates that are verified, and the proxies of the environment."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from cdp_cli.http import Http, NotSent

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Handle = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 and proxy.test that nobody signed, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=loopback",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "both.pem").write_bytes((folder / "key").read_bytes() + (folder / "pem").read_bytes())
    return folder / "both.pem"


@contextmanager
def listener(handle: Handle, certificate: Path | None = None) -> Iterator[int]:
    """The port of a server that handles each connection in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if certificate:
        context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), ExitStack() as closing:
            closing.enter_context(connection)
            if certificate:
                connection = closing.enter_context(context.wrap_socket(connection, server_side=True))
            handle(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def answering(seen: list[bytes]) -> Handle:
    def handle(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            seen.append(data)
            connection.sendall(OK)

    return handle


def tunnelling(seen: list[bytes]) -> Handle:
    """A proxy that opens the tunnel that CONNECT asks for."""

    def handle(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        seen.append(asked)
        host, _, port = asked.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as there:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_copy, args=(there, connection), daemon=True)
            back.start()
            _copy(connection, there)

    return handle


def _copy(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)


def test_a_certificate_that_nobody_signed_is_refused(certificate: Path) -> None:
    seen: list[bytes] = []
    with (
        listener(answering(seen), certificate) as port,
        pytest.raises(NotSent, match=r"cannot be reached \(.*certificate verify failed"),
    ):
        Http(f"https://127.0.0.1:{port}", {"Authorization": "key"}, 5).request("POST", "/", body=b"x")
    assert seen == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_of_the_environment_is_trusted_for_its_host_alone(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate))
    connections = []

    def handle(connection: socket.socket) -> None:
        connections.append(connection)
        answering([])(connection)

    with listener(handle, certificate) as port:
        http = Http(f"https://127.0.0.1:{port}", {}, 5)
        assert [http.request("POST", "/", body=b"x").json() for _ in range(3)] == [{}] * 3
        assert len(connections) == 1
        with pytest.raises(NotSent, match="certificate verify failed: Hostname mismatch"):
            Http(f"https://localhost:{port}", {}, 5).request("GET", "/")


def test_a_proxy_forwards_and_gets_its_own_login(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    with listener(answering(seen)) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:pw@127.0.0.1:{port}")
        monkeypatch.setenv("http_proxy", f"http://me:pw@127.0.0.1:{port}")
        http = Http("http://api.example.test/v1", {"X-Key": "k"}, 5)
        for _ in range(2):
            assert http.request("POST", "/rows", body=b"x").status == 200
    login = base64.b64encode(b"me:pw")
    assert len(seen) == 2
    for request in seen:
        assert request.startswith(
            b"POST http://api.example.test/v1/rows HTTP/1.1\r\nHost: api.example.test\r\n"
        )
        assert b"proxy-authorization: Basic " + login + b"\r\n" in request


@pytest.mark.parametrize("over_tls", [False, True])
def test_a_proxy_tunnels_to_a_server_that_is_verified(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, over_tls: bool
) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate))
    seen: list[bytes] = []
    asked: list[bytes] = []
    with (
        listener(answering(seen), certificate) as port,
        listener(tunnelling(asked), certificate if over_tls else None) as proxy,
    ):
        scheme = "https" if over_tls else "http"
        monkeypatch.setenv("https_proxy", f"{scheme}://me:pw@127.0.0.1:{proxy}")
        http = Http(f"https://127.0.0.1:{port}", {"Authorization": "key"}, 5)
        assert [http.request("POST", "/", body=b"x").status for _ in range(2)] == [200, 200]
    assert len(asked) == 1
    assert asked[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1".encode())
    assert base64.b64encode(b"me:pw") in asked[0]
    assert b"Authorization: key" not in asked[0]
    assert len(seen) == 2
    assert b"roxy" not in seen[0]


def test_a_proxy_that_refuses_means_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with listener(refuse) as proxy:
        monkeypatch.setenv("https_proxy", f"http://me:secret-pw@127.0.0.1:{proxy}")
        with pytest.raises(NotSent, match=r"cannot be reached \(.*407") as told:
            Http("https://api.example.test", {}, 5).request("POST", "/", body=b"x")
        assert "secret-pw" not in str(told.value)


def test_a_proxy_that_drips_does_not_prolong_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        for byte in b"HTTP/1.1 200 OK" * 6:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    with listener(drip) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy}")
        began = time.monotonic()
        with pytest.raises(NotSent, match=r"cannot be reached \(timed out\)"):
            Http("https://api.example.test", {}, 0.5).request("POST", "/", body=b"x")
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("address", ["socks5://me:secret-pw@127.0.0.1:1", "http://me:secret-pw@[::1"])
def test_a_proxy_that_we_cannot_use_is_named_without_its_password(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", address)
    with pytest.raises(NotSent, match=r"the .*proxy") as told:
        Http("http://api.example.test", {}, 5).request("GET", "/")
    assert "secret-pw" not in str(told.value)


@pytest.mark.parametrize("excepted", ["127.0.0.1", "127.0.0.0/8", "*", "example.org, 127.0.0.1"])
def test_hosts_without_a_proxy_are_reached_directly(excepted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    seen: list[bytes] = []
    with listener(answering(seen)) as port:
        http = Http(f"http://127.0.0.1:{port}", {}, 5)
        with pytest.raises(NotSent, match="Connection refused"):
            http.request("GET", "/")
        monkeypatch.setenv("no_proxy", excepted)
        assert http.request("GET", "/").status == 200
    assert seen[0].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "http://", "nothing"])
def test_an_address_that_is_none_is_not_asked(address: str) -> None:
    with pytest.raises(NotSent, match="the request cannot be made"):
        Http(address, {}, 5).request("GET", "/")
