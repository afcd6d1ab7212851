"""Kept connections: which answer belongs to which request, and when a connection is not used again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest

from cdp_cli.http import Http, NotSent, Unanswered

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Talk = Callable[[socket.socket, bytes], bool]  # what to do with a request; whether to wait for another


@contextmanager
def server(talk: Talk) -> Iterator[tuple[str, list[list[bytes]]]]:
    """A server that keeps its connections; and the requests of each."""
    listening = socket.create_server(("127.0.0.1", 0))
    seen: list[list[bytes]] = []

    def serve(connection: socket.socket, requests: list[bytes]) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(65536):
                requests.append(data)
                if not talk(connection, data):
                    return

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            seen.append([])
            threading.Thread(target=serve, args=(connection, seen[-1]), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", seen
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def answering(*parts: bytes, keep: bool = True) -> Talk:
    def talk(connection: socket.socket, data: bytes) -> bool:
        for part in parts:
            connection.sendall(part)
        return keep

    return talk


def test_a_thread_keeps_its_connection() -> None:
    with server(answering(OK)) as (url, seen):
        http = Http(url, {}, 5)

        def ask() -> None:
            for _ in range(20):
                assert http.request("GET", "/").body == b"{}"

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [len(requests) for requests in seen] == [20, 20, 20]


@pytest.mark.parametrize("head", [b"Connection: close\r\n", b""])
def test_a_kept_connection_that_the_server_closed_puts_nothing_in_doubt(head: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 2\r\n\r\n{}"
    with server(answering(answer, keep=False)) as (url, seen):
        http = Http(url, {}, 5)
        for _ in range(10):
            assert http.request("POST", "/", body=b"x").status == 200
            time.sleep(0.02)
    assert len(seen) == 10


def test_bytes_that_come_after_an_answer_do_not_answer_the_next_request() -> None:
    def talk(connection: socket.socket, data: bytes) -> bool:
        connection.sendall(OK)
        time.sleep(0.05)  # the answer was read before these came
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
        return True

    with server(talk) as (url, seen):
        http = Http(url, {}, 5)
        for _ in range(2):
            assert http.request("POST", "/", body=b"x").body == b"{}"
            time.sleep(0.1)
    assert len(seen) == 2


def test_a_connection_with_an_unread_answer_is_not_used_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"
    with server(answering(answer)) as (url, seen):
        http = Http(url, {}, 5)
        for _ in range(2):
            with pytest.raises(Unanswered, match="its encoding is br"):
                http.request("GET", "/")
    assert len(seen) == 2


def test_answers_before_the_final_one_are_passed_over() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with server(answering(*early, OK)) as (url, seen):
        http = Http(url, {}, 5)
        assert [http.request("POST", "/", body=b"x").status for _ in range(2)] == [200, 200]
    assert len(seen) == 1


def test_an_answer_in_chunks_is_put_together_and_keeps_the_connection() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server(answering(head, b"2\r\n[1\r\n", b"3;x=y\r\n,2]\r\n0\r\n\r\n")) as (url, seen):
        http = Http(url, {}, 5)
        assert [http.request("GET", "/").json() for _ in range(3)] == [[1, 2]] * 3
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1"], "connection cut"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"], "connection cut"),
        ([b"HTTP/1.1 200"], "connection cut"),
        ([b"HTTP/1.1 200 OK\r\nContent-Le"], "connection cut"),
        ([b"HTTP/1.1 200 OK\r\nX: y\r\n"], "connection cut"),
        ([b"hello\r\n\r\n"], "not HTTP"),
        ([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"], "not HTTP"),
    ],
)
def test_half_an_answer_is_none(parts: Sequence[bytes], reason: str) -> None:
    with (
        server(answering(*parts, keep=False)) as (url, _),
        pytest.raises(Unanswered, match=rf"did not answer \({reason}\)$"),
    ):
        Http(url, {}, 5).request("POST", "/", body=b"x")


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    with server(answering(b"HTTP/1.1 200 OK\r\n\r\n[1]", keep=False)) as (url, seen):
        http = Http(url, {}, 5)
        assert [http.request("GET", "/").json() for _ in range(2)] == [[1], [1]]
    assert len(seen) == 2


def test_headers_of_one_name_are_one() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
    with server(answering(answer)) as (url, _):
        assert Http(url, {}, 5).request("GET", "/").headers["x-a"] == "1, 2"


def test_a_cookie_is_not_sent_back() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\n\r\n"
    with server(answering(answer)) as (url, seen):
        http = Http(url, {}, 5)
        for _ in range(2):
            http.request("GET", "/")
    assert b"ookie" not in b"".join(seen[0])


def test_a_header_of_a_request_replaces_ours_in_any_case() -> None:
    with server(answering(OK)) as (url, seen):
        Http(url, {"Content-Type": "application/json"}, 5).request(
            "POST", "/", body=b"x", headers={"content-type": "text/csv"}
        )
    assert b"content-type: text/csv\r\n" in seen[0][0]
    assert b"application/json" not in seen[0][0]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0", "λ"])
def test_a_header_that_would_be_two_is_not_sent(value: str) -> None:
    with server(answering(OK)) as (url, seen):
        for http, headers in ((Http(url, {}, 5), {"X-Key": value}), (Http(url, {"X-Key": value}, 5), {})):
            with pytest.raises(NotSent, match="the header X-Key has characters") as told:
                http.request("GET", "/", headers=headers)
            assert value not in str(told.value)
    assert seen == []


def test_an_address_is_quoted_where_it_must_be() -> None:
    with server(answering(OK)) as (url, seen):
        http = Http(f"{url}/v1/", {}, 5)
        http.request("GET", "/a b/ü%20c?x=y z#part", params={"q": "1&2"})
        http.request("GET", f"{url}/v1/next?page=2")
        http.request("DELETE", "/a\r\nX-Evil: 1")
    lines = [request.split(b"\r\n")[0] for request in seen[0]]
    assert lines == [
        b"GET /v1/a%20b/%C3%BC%20c?x=y%20z&q=1%262 HTTP/1.1",
        b"GET /v1/next?page=2 HTTP/1.1",
        b"DELETE /v1/a%0D%0AX-Evil:%201 HTTP/1.1",
    ]
    assert b"Content-Length" not in seen[0][0]
    assert b"Content-Length: 0\r\n" in seen[0][2]


def test_a_large_body_arrives_whole() -> None:
    body = bytes(range(256)) * 20_000
    received = bytearray()

    def talk(connection: socket.socket, data: bytes) -> bool:
        received.extend(data)
        if received.endswith(body):
            connection.sendall(OK)
        return True

    with server(talk) as (url, _):
        assert Http(url, {}, 20).request("POST", "/", body=body).status == 200


def test_a_server_that_reads_slowly_does_not_prolong_a_request() -> None:
    def talk(connection: socket.socket, data: bytes) -> bool:
        time.sleep(0.1)
        return True

    with server(talk) as (url, _):
        began = time.monotonic()
        with pytest.raises(Unanswered, match="timed out"):
            Http(url, {}, 0.5).request("POST", "/", body=b"x" * 30_000_000)
        assert time.monotonic() - began < 3
