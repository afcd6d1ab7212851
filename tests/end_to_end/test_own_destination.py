"""A destination that a project brings itself: one YAML file, and `cdp sync` sends to its server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Project
from tests.end_to_end.sync_project import PEOPLE, SYNC, build_sync_project

TOKEN = "a-token-of-no-one"
LOYALTY = """
destination: loyalty
description: The loyalty program's own API.
secrets: {token: The API token.}
settings: {program: {description: The program's id., required: true}}
auth: {header: Authorization, value: "Bearer {token}"}
check: {get: "/programs/{program}"}
objects:
  members:
    description: Members of the program.
    match: [external_id]
    idempotency: upsert
    fields:
      external_id: {required: true}
      email: {normalise: [trim, lower]}
    upsert:
      post: "/programs/{program}/members"
      batch: {rows: 15, bytes: 1MB}
      row: {id: $fields.external_id, contact: {email: $fields.email}}
      body: {members: $rows}
      outcomes: {items: refused, each: error, row: {by: index, at: at}, refused: {reason: why}}
      accept: {source: "https://loyalty.example/api", status: [200], require: [refused]}
    remove:
      post: "/programs/{program}/members/delete"
      batch: {rows: 15, bytes: 1MB}
      row: $match
      body: {members: $rows}
      accept: {source: "https://loyalty.example/api", status: [200]}
"""
CONNECTIONS = """
connections:
  points:
    destination: loyalty
    base_url: ${LOYALTY_URL}
    secrets: {token: env:LOYALTY_TOKEN}
    settings: {program: gold}
"""


class LoyaltyServer:
    """The vendor's side: members by id, and the sizes of the batches that came."""

    def __init__(self) -> None:
        self.members: dict[str, str] = {}
        self.batches: list[int] = []
        self.refused = ""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200 if self._may_enter() and self.path == "/programs/gold" else 401, {})

            def do_POST(self) -> None:
                members = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["members"]
                if not self._may_enter():
                    self._answer(401, {})
                else:
                    self._answer(200, server.take(self.path, members))

            def _may_enter(self) -> bool:
                return bool(self.headers["Authorization"] == f"Bearer {TOKEN}")

            def _answer(self, status: int, document: dict[str, Any]) -> None:
                data = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: object) -> None:
                pass

        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def take(self, path: str, members: list[dict[str, Any]]) -> dict[str, Any]:
        with self._lock:
            self.batches.append(len(members))
            if path.endswith("/delete"):
                for member in members:
                    self.members.pop(member["external_id"], None)
                return {}
            refused = []
            for at, member in enumerate(members):
                if member["id"] == self.refused:
                    refused.append({"at": at, "why": "no such card"})
                else:
                    self.members[member["id"]] = member["contact"]["email"]
            return {"refused": refused}

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def loyalty() -> Iterator[LoyaltyServer]:
    server = LoyaltyServer()
    yield server
    server.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    sync = SYNC.format(connection="points", object="members")
    made = build_sync_project(tmp_path / "project", {"loyalty__members": sync})
    (made.root / "destinations").mkdir()
    (made.root / "destinations" / "loyalty.yml").write_text(LOYALTY, encoding="utf-8")
    (made.root / "connections.yml").write_text(CONNECTIONS, encoding="utf-8")
    return made


def test_a_project_s_own_destination_gets_rows_changes_and_removals(
    project: Project, loyalty: LoyaltyServer
) -> None:
    environment = {"LOYALTY_URL": loyalty.url, "LOYALTY_TOKEN": TOKEN}

    def sync() -> dict[str, Any]:
        ran = project.cdp("sync", "--json", **environment)
        assert ran.json, ran.err
        return {"code": ran.code, **ran.json["syncs"][0]}

    loyalty.refused = "p7"
    first = sync()
    assert (first["code"], first["added"], first["rejected"]) == (7, len(PEOPLE) - 1, 1)
    assert "no such card" in first["error"]["problem"]
    loyalty.refused = ""
    assert sync()["added"] == 1
    assert loyalty.members == dict(PEOPLE)
    assert max(loyalty.batches) == 15

    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("delete from activation.loyalty__members where profile_id = 'p1'")
        warehouse.execute(
            "update profiles.profile_identifiers set identifier_value = 'new@example.com' "
            "where profile_id = 'p2'"
        )
        warehouse.execute(
            "update activation.loyalty__members set email = ' New@Example.com' where profile_id = 'p2'"
        )
    second = sync()
    assert (second["changed"], second["removed"]) == (1, 1)
    wanted = {**dict(PEOPLE), "p2": "new@example.com"}
    del wanted["p1"]
    assert loyalty.members == wanted
    assert sync()["requests"] == 0


def test_doctor_asks_a_project_s_own_destination(project: Project, loyalty: LoyaltyServer) -> None:
    def said(token: str) -> list[str]:
        ran = project.cdp("doctor", "--json", LOYALTY_URL=loyalty.url, LOYALTY_TOKEN=token)
        return [
            check["finding"]["verdict"]
            for check in ran.json["checks"]
            if "points" in check["finding"]["what"]
        ]

    assert said(TOKEN) == ["ok"]
    assert said("another-token") == ["failed"]
