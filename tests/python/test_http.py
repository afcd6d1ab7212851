"""HTTP against real sockets: what left, what was answered, and what never goes along."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cdp_cli.http import MAX_ANSWER_BYTES, Http, NotSent, Response, Unanswered, retry_after


@contextmanager
def server(*answers: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives each connection one answer, or cuts it for None; and what it was sent."""
    listening = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            connection, _ = listening.accept()
            with connection:
                seen.append(connection.recv(65536))
                if answer is not None:
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/base", seen
    thread.join(5)
    listening.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\n\r\n{}"


def test_a_request_is_made_below_the_base_url_with_our_headers() -> None:
    with server(OK) as (url, seen):
        answer = Http(url, {"Authorization": "key s3cret"}, 5).request(
            "POST", "/path", params={"a": "b c"}, body=b"x"
        )
    assert (answer.status, answer.headers["x-one"], answer.json()) == (200, "1", {})
    text = seen[0].decode()
    assert text.startswith("POST /base/path?a=b+c HTTP/1.1\r\n")
    assert "Authorization: key s3cret\r\n" in text
    assert "User-Agent: cdp-cli/" in text


def test_a_refused_connection_means_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotSent, match=rf"^127\.0\.0\.1:{port} cannot be reached \(Connection refused\)$"):
        Http(f"http://127.0.0.1:{port}", {}, 5).request("GET", "/")


def test_an_unknown_host_means_nothing_was_sent() -> None:
    with pytest.raises(NotSent, match="cannot be reached"):
        Http("http://no-such-host.invalid", {}, 5).request("GET", "/")


def test_a_cut_after_sending_means_we_do_not_know() -> None:
    with server(None) as (url, _), pytest.raises(Unanswered, match="did not answer"):
        Http(url, {}, 5).request("POST", "/", body=b"x")


def test_a_cut_in_the_answer_means_we_do_not_know() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    with server(half) as (url, _), pytest.raises(Unanswered, match="did not answer"):
        Http(url, {}, 5).request("POST", "/", body=b"x")


def test_a_silent_server_means_we_do_not_know() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unanswered, match=r"did not answer \(timed out\)"):
            Http(url, {}, 0.2).request("POST", "/", body=b"x")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with server(moved) as (url, seen):
        assert Http(url, {"Authorization": "key"}, 5).request("GET", "/").status == 302
    assert len(seen) == 1


def test_a_full_address_on_another_host_gets_no_credentials() -> None:
    http = Http("http://127.0.0.1:1/x", {"Authorization": "key"}, 5)
    for elsewhere in ("http://127.0.0.1:2/y", "https://127.0.0.1:1/y", "http://evil.example/y"):
        with pytest.raises(NotSent, match="must not get our credentials"):
            http.request("GET", elsewhere)


def test_netrc_does_not_replace_our_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password pw\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with server(OK) as (url, seen):
        Http(url, {"Authorization": "ours"}, 5).request("GET", "/")
    assert b"Authorization: ours\r\n" in seen[0]


def test_secrets_are_masked_wherever_they_come_back() -> None:
    http = Http("http://127.0.0.1:1", {"Authorization": "Key s3cret"}, 5, ["s3cret", "", "s3cret-longer"])
    assert http.masked("bad key s3cret, s3cret-longer!") == "bad key <secret>, <secret>!"
    assert "s3cret" not in repr(http)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 9),
        ("Fri, 31 Dec 1999 23:59:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, now=946684790.0) == seconds


def test_a_body_that_is_no_json_is_none() -> None:
    assert Response(200, {}, b"<html>").json() is None
    assert Response(204, {}, b"").json() is None


def test_an_answer_that_grows_beyond_all_measure_is_not_read() -> None:
    packed = gzip.compress(b" " * (MAX_ANSWER_BYTES + 1))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with server(head.encode() + packed) as (url, _), pytest.raises(Unanswered, match="larger than 32 MB"):
        Http(url, {}, 20).request("POST", "/", body=b"x")


def test_an_encoding_within_an_encoding_is_not_read() -> None:
    packed = gzip.compress(gzip.compress(b"{}"))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with server(head.encode() + packed) as (url, _), pytest.raises(Unanswered, match="its encoding is"):
        Http(url, {}, 5).request("POST", "/", body=b"x")


def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with server(head.encode() + packed) as (url, _):
        assert Http(url, {}, 5).request("GET", "/").json() == {"a": 1}


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
def test_a_byte_now_and_then_does_not_prolong_a_request(head: bytes) -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            for byte in b"HTTP/1.1 200 OK" * 6:
                connection.sendall(bytes([byte]))
                time.sleep(0.1)

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(Unanswered, match="timed out"):
        Http(f"http://127.0.0.1:{listening.getsockname()[1]}", {}, 0.6).request("POST", "/", body=b"x")
    assert time.monotonic() - began < 4
    listening.close()


def test_a_connection_with_bytes_behind_the_answer_is_dropped() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    connections = []

    def serve() -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            connections.append(connection)
            while connection.recv(65536):
                connection.sendall(OK + OK)

    threading.Thread(target=serve, daemon=True).start()
    http = Http(f"http://127.0.0.1:{listening.getsockname()[1]}", {}, 5)
    for _ in range(2):
        assert http.request("POST", "/", body=b"x").body == b"{}"
    assert len(connections) == 2
    listening.close()
