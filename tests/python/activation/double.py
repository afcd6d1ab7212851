"""A small destination that is real where it counts: an HTTP server on loopback, and its destination.

The server keeps objects, members and events, honours idempotency keys where it is told to, notes how often
each record was applied, and fails as scripted.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cdp_cli.destinations.base import (
    Accepted,
    Answer,
    Batch,
    BatchLimits,
    Idempotency,
    InDoubt,
    Pending,
    Refused,
    Retry,
    Split,
    Verb,
)
from cdp_cli.errors import CheckDestination, FixConfiguration

# A failure answers with a status and headers, or with "cut": the connection ends without an answer.
Failure = tuple[str, int, dict[str, str]]
BUSY: Failure = ("before", 503, {})
REFUSED: Failure = ("before", 409, {})
UNAUTHORISED: Failure = ("before", 401, {})
CUT_BEFORE: Failure = ("before", 0, {})
CUT_AFTER: Failure = ("after", 0, {})


class Receiver:
    """The destination's side. `objects` is what it has, by the first match field of each row."""

    def __init__(self, keyed: bool = True) -> None:
        self.keyed = keyed
        self.objects: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.applied: Counter[tuple[str, str]] = Counter()
        self.requests: list[dict[str, Any]] = []
        self.failures: list[Failure] = []
        self.refuses: Callable[[dict[str, Any]], str | None] = lambda row: None
        self.chokes_on: Callable[[dict[str, Any]], bool] = lambda row: False
        self.largest = 10**9
        self.finished: list[str] = []
        self.delay = 0.0
        self.most_at_once = 0
        self._at_once = 0
        self.jobs: dict[str, dict[str, Any]] = {}
        self.polls_until_done = 1
        self.job_failures: list[Failure] = []
        self.while_sending: Callable[[dict[str, Any]], None] = lambda body: None
        self._answers: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with receiver._counted():
                    time.sleep(receiver.delay)
                    receiver.while_sending(body)
                    status, headers, answer = receiver._take(self.path, body)
                if status == 0:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                data = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def accept_everything(self) -> None:
        self.failures = []
        self.refuses = lambda row: None
        self.chokes_on = lambda row: False

    def _counted(self) -> Any:
        receiver = self

        class Counted:
            def __enter__(self) -> None:
                with receiver._lock:
                    receiver._at_once += 1
                    receiver.most_at_once = max(receiver.most_at_once, receiver._at_once)

            def __exit__(self, *_: object) -> None:
                with receiver._lock:
                    receiver._at_once -= 1

        return Counted()

    def _take(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
        with self._lock:
            if path == "/finish":
                self.finished.append(body["run_id"])
                return 200, {}, {}
            if path == "/applied":
                known = self._answers.get(body["key"])
                return 200, {}, {"known": known is not None, **(known or {})}
            if path == "/job":
                return self._job(body["job"])
            self.requests.append({**body, "at": time.monotonic()})
            when, status, headers = self.failures.pop(0) if self.failures else ("", 200, {})
            if when == "before":
                return status, headers, {}
            answer = self._answers.get(body["key"]) if self.keyed else None
            if answer is None:
                rows = body["rows"]
                if len(rows) > self.largest or any(self.chokes_on(row) for row in rows):
                    return 400, {}, {}
                answer = {"rejected": {}}
                for position, row in enumerate(rows):
                    reason = self.refuses(row)
                    if reason:
                        answer["rejected"][str(position)] = reason
                    elif not body.get("as_job"):
                        self._apply(body["verb"], row)
                if body.get("as_job"):
                    answer = {"job": f"job-{len(self.jobs) + 1}"}
                    self.jobs[answer["job"]] = {**body, "polls": 0}
                self._answers[body["key"]] = answer
            return (status, headers, answer) if when == "after" else (200, {}, answer)

    def _job(self, name: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        if self.job_failures:
            _, status, headers = self.job_failures.pop(0)
            return status, headers, {}
        job = self.jobs[name]
        job["polls"] += 1
        if job["polls"] == self.polls_until_done:
            for row in job["rows"]:
                self._apply(job["verb"], row)
        return 200, {}, {"done": job["polls"] >= self.polls_until_done}

    def _apply(self, verb: str, row: dict[str, Any]) -> None:
        identity = next(str(row[name]) for name in ("external_id", "email", "event_id") if row.get(name))
        self.applied[(verb, json.dumps(row, sort_keys=True))] += 1
        if verb == "append":
            self.events.append(row)
        elif verb in ("remove", "remove_member"):
            self.objects.pop(identity, None)
        elif verb in ("create",) and identity in self.objects:
            raise AssertionError(f"created twice: {identity}")
        elif verb == "add_member" or verb == "create":
            self.objects[identity] = row
        else:
            self.objects[identity] = {**self.objects.get(identity, {}), **row}


@dataclass
class Double:
    """The destination: objects with an external_id, e-mail or event id, a city that must not be 'Nowhere'."""

    port: int
    kind: Idempotency = Idempotency.KEYED
    rows: int = 3
    body_bytes: int = 1_000_000
    row_bytes: int | None = None
    concurrency: int = 2
    match_fields: Sequence[str] = ("external_id", "email")
    verbs: frozenset[Verb] = field(default_factory=lambda: frozenset(Verb))
    medium: str = "email"
    purposes: frozenset[str] = frozenset()
    object: str = "people"
    unreachable: bool = False
    as_jobs: bool = False
    account_id: str | None = None
    broken_by: type[Exception] | None = None

    @property
    def address(self) -> Mapping[str, str]:
        return {"destination": "double", "object": self.object}

    def idempotency(self, verb: Verb) -> Idempotency:
        return self.kind

    def keeps_rows(self, verb: Verb) -> bool:
        return self.kind is Idempotency.KEYED

    def limits(self, verb: Verb) -> BatchLimits:
        return BatchLimits(self.rows, self.body_bytes, self.row_bytes, self.concurrency)

    def field_sql(self, column: str, kind: str = "VARCHAR") -> str:
        if column == "no_such_field":
            raise FixConfiguration(f"The object people has no field {column!r}.", "Drop the column.")
        if column == "email":
            return "nullif(lower(trim(\"email\")), '')"
        return f'"{column}"'

    def row_sql(self, verb: Verb, columns: Mapping[str, str], nulls: Mapping[str, str]) -> str:
        pairs = []
        for column in columns:
            if column == "note":  # a column that this destination has no field for
                continue
            pair = f"""'"{column}":' || cast(to_json("{column}") as varchar)"""
            otherwise = f"""'"{column}":null'""" if nulls.get(column) == "clear" else "null"
            pairs.append(f'case when "{column}" is null then {otherwise} else {pair} end')
        return f"'{{' || array_to_string([{', '.join(pairs)}], ',') || '}}'"

    def invalid_sql(self, verb: Verb, columns: Mapping[str, str]) -> str:
        known = [
            f'"{column}" is null' for column in ("external_id", "email", "event_id") if column in columns
        ]
        no_key = f"when {' and '.join(known)} then 'no match key'"
        city = "when \"city\" = 'Nowhere' then 'no such city'" if "city" in columns else ""
        return f"case {no_key} {city} end"

    def send(self, batch: Batch) -> Answer:
        body = {
            "verb": batch.verb.value,
            "key": batch.idempotency_key,
            "attempt": batch.attempt,
            "rows": [json.loads(row) for row in batch.rows],
            "as_job": self.as_jobs,
        }
        if self.broken_by is not None:
            raise self.broken_by
        status, headers, answer = self._post("/batch", body)
        if status == 200 and self.as_jobs:
            return Pending({"job": answer["job"]}, "the job is under way", 0.01)
        if status == 200:
            return Accepted({int(position): reason for position, reason in answer["rejected"].items()})
        if status == 401:
            raise CheckDestination("The destination refused our key.", "Renew it.")
        if status in (429, 503):
            after = headers.get("Retry-After")
            return Retry(f"status {status}", float(after) if after else None)
        if status == 400:
            return Split("something in it is wrong")
        if status == 409:
            return Refused("it conflicts")
        return InDoubt(f"status {status}" if status else "the connection was cut", answered=status != 0)

    def resume(self, batch: Batch) -> Answer:
        status, _, answer = self._post("/job", {"job": batch.kept["job"]})
        if status == 404:
            return InDoubt("it knows no such job")
        if status != 200 or not answer["done"]:
            return Pending(batch.kept, "the job is under way", 0.01)
        return Accepted()

    def read_back(self, batch: Batch) -> Answer:
        status, _, answer = self._post("/applied", {"key": batch.idempotency_key})
        if status != 200:
            return InDoubt("no answer")
        if not answer["known"]:
            return Retry("it has nothing of it")
        return Accepted({int(position): reason for position, reason in answer["rejected"].items()})

    def account(self) -> str | None:
        return self.account_id

    def effort(self, verb: Verb, rows: int) -> tuple[int, float]:
        return -(-rows // self.rows), 0.0

    def check(self) -> None:
        self._post("/applied", {"key": ""})

    def finish(self, run_id: str) -> None:
        self._post("/finish", {"run_id": run_id})

    def _post(self, path: str, body: dict[str, Any]) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        if self.unreachable:
            raise CheckDestination("The destination cannot be reached.", "Try later.")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), json.loads(response.read() or b"{}")
        except ConnectionRefusedError:
            raise CheckDestination("The destination cannot be reached.", "Try later.") from None
        except (http.client.HTTPException, ConnectionError):
            return 0, {}, {}
        finally:
            connection.close()
