"""Broken connections and destinations: each is one sentence and an exit code, and nothing is lost by it.

Every case breaks something, syncs, and mends it again: the next sync must then bring the destination to exactly
what it would have got at once.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests.conftest import ROOT, Project
from tests.end_to_end.sync_project import CONNECTIONS, PEOPLE, SYNC, build_sync_project

WEBHOOK = (ROOT / "cdp_cli" / "destinations" / "webhook.yml").read_text(encoding="utf-8")
HOOK = WEBHOOK.replace("destination: webhook", "destination: hook")
SYNCS = {
    "to_webhook": SYNC.format(connection="crm_webhook", object="people"),
    "to_klaviyo": SYNC.format(connection="newsletter", object="vip_list").replace("mirror", "audience"),
    "to_files": SYNC.format(connection="exports", object="people"),
}


@dataclass(frozen=True)
class Case:
    """One thing that is wrong, the sync that meets it, and what is said and returned."""

    name: str
    sync: str
    sentence: str
    code: int
    connections: tuple[str, str] | None = None  # replaced in connections.yml
    own: tuple[str, str] | None = None  # the name and the text of a file in the project's destinations/
    environment: dict[str, str] = field(default_factory=dict)
    fault: dict[str, Any] = field(default_factory=dict)


with socket.create_server(("127.0.0.1", 0)) as _free:
    CLOSED_PORT = _free.getsockname()[1]

KEY = "pk_live_do_not_print_me"
CASES = [
    Case(
        "unset_variable",
        "to_klaviyo",
        "connections.newsletter.secrets.api_key needs the environment variable KLAVIYO_API_KEY, "
        "which is not set. Set KLAVIYO_API_KEY.",
        4,
        environment={"KLAVIYO_API_KEY": ""},
    ),
    Case(
        "literal_secret",
        "to_klaviyo",
        "connections.newsletter.secrets.api_key is not a reference. Never write a secret into this file: "
        "write env:NAME or file:PATH.",
        4,
        connections=("env:KLAVIYO_API_KEY", KEY),
    ),
    Case(
        "unknown_key",
        "to_webhook",
        "connections.yml: unknown key connections.crm_webhook.base_ulr.",
        4,
        connections=("base_url: ${CDP_RECEIVER_URL:-http://127.0.0.1:8710}/webhook", "base_ulr: x/webhook"),
    ),
    Case(
        "unknown_connection",
        "to_webhook",
        "has no connection 'crm_webhook'. Add it, or use one of: crm_hook, exports, newsletter.",
        4,
        connections=("crm_webhook:", "crm_hook:"),
    ),
    Case(
        "broken_yaml",
        "to_files",
        "connections.yml line ",
        4,
        connections=("  exports:", "  exports: ["),
    ),
    Case(
        "malformed_signing_secret",
        "to_webhook",
        "connections.crm_webhook.secrets.signing_secret is not a Standard Webhooks secret: "
        "it does not start with whsec_.",
        4,
        environment={"CRM_WEBHOOK_SECRET": KEY},
    ),
    Case(
        "unreachable_receiver",
        "to_webhook",
        f"Connection crm_webhook: 127.0.0.1:{CLOSED_PORT} cannot be reached (Connection refused).",
        7,
        environment={"CDP_RECEIVER_URL": f"http://127.0.0.1:{CLOSED_PORT}"},
    ),
    Case(
        "refused_key",
        "to_klaviyo",
        "refuses us (HTTP 401: Incorrect authentication credentials.). Check the secrets of the connection "
        "(api_key).",
        7,
        environment={"KLAVIYO_API_KEY": KEY},
    ),
    Case(
        "list_that_does_not_exist",
        "to_klaviyo",
        "refuses us (HTTP 404: A list with id nolist99 does not exist.). Check base_url and the ids of the "
        "connection.",
        7,
        connections=("VIPS01", "nolist99"),
    ),
    Case(
        "destination_with_an_unknown_key",
        "to_webhook",
        "destinations/hook.yml: unknown key time_out. Correct it; docs/how-to/write-a-destination.md lists the keys.",
        4,
        connections=("destination: webhook", "destination: hook"),
        own=("hook.yml", HOOK.replace("timeout: 30 ", "time_out: 30 ")),
    ),
    Case(
        "destination_with_the_name_of_ours",
        "to_webhook",
        "destinations/webhook.yml has the name of a destination that comes with cdp. Rename the file, and "
        "`destination: webhook` in it and in connections.yml.",
        4,
        own=("webhook.yml", WEBHOOK),
    ),
    Case(
        "former_key_channel",
        "to_webhook",
        "connections.yml: connections.newsletter.channel is now called destination. Write `destination:` in "
        "place of `channel:`.",
        4,
        connections=("destination: klaviyo", "channel: klaviyo"),
    ),
    Case(
        "rejected_row",
        "to_webhook",
        "on hold",
        7,
        fault={"kind": "reject", "where": {"external_id": "p7"}, "reason": "on hold", "times": 1},
    ),
    Case(
        "folder_that_is_a_file",
        "to_files",
        "profiles.yml/people cannot be written (Not a directory).",
        7,
        connections=("${CDP_DATA:-data}/exports", "profiles.yml"),
    ),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return build_sync_project(tmp_path_factory.mktemp("destinations") / "project", SYNCS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def at_the_destination(project: Project, receiver: Receiver, sync: str) -> set[str]:
    """The external ids that the sync's destination has."""
    if sync == "to_files":
        files = project.root / "data" / "exports" / "people"
        listed = (
            f"select distinct external_id from read_csv('{files}/upsert-*.csv')" if files.is_dir() else ""
        )
        return {row[0] for row in duckdb.sql(listed).fetchall()} if listed else set()
    state = receiver.state()
    found = {
        "to_webhook": lambda: state.get("crm", {}).get("people", {}),
        "to_klaviyo": lambda: state.get("klaviyo", {}).get("list:VIPS01", {}),
    }[sync]()
    return {row["external_id"] for row in found.values()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_destination_says_what_is_wrong_and_loses_nothing(
    case: Case, built: Project, receiver: Receiver, tmp_path: Path
) -> None:
    project = built.copy(tmp_path / "project")
    connections = project.root / "connections.yml"
    if case.connections:
        assert case.connections[0] in CONNECTIONS
        connections.write_text(CONNECTIONS.replace(*case.connections), encoding="utf-8")
    if case.own:
        name, text = case.own
        (project.root / "destinations").mkdir()
        (project.root / "destinations" / name).write_text(text, encoding="utf-8")
    if case.fault:
        receiver.fail(**case.fault)

    failed = project.cdp("sync", case.sync, **{**receiver.environment, **case.environment})

    assert case.sentence in " ".join((failed.out + failed.err).split())
    assert failed.code == case.code
    for secret in (KEY, receiver.klaviyo_api_key, receiver.webhook_secret):
        assert secret not in failed.out + failed.err
    assert "Traceback" not in failed.err

    connections.write_text(CONNECTIONS, encoding="utf-8")
    shutil.rmtree(project.root / "destinations", ignore_errors=True)
    mended = project.cdp("sync", case.sync, "--json", **receiver.environment)
    assert mended.code == 0, mended.err
    # A row that was refused alone is sent alone: the others were acknowledged.
    assert [one["added"] for one in mended.json["syncs"]] == [1 if case.fault else len(PEOPLE)]
    assert at_the_destination(project, receiver, case.sync) == {key for key, _ in PEOPLE}


def test_the_receiver_refuses_a_port_in_use_and_a_fault_that_is_none(
    tmp_path: Path, receiver: Receiver
) -> None:
    project = Project(tmp_path)
    port = receiver.url.rsplit(":", 1)[1]
    taken = project.cdp("receiver", "--port", port)
    assert (taken.code, f"Port {port} cannot be used (Address already in use)" in taken.err) == (5, True)
    for text, sentence in [("{", "--fault: the text: "), ('{"kind": "meteor"}', "--fault: kind: ")]:
        wrong = project.cdp("receiver", "--port", "0", "--fault", text)
        assert (wrong.code, sentence in wrong.err) == (4, True)
    bad = project.cdp("receiver", "--port", "0", CRM_WEBHOOK_SECRET=KEY)
    assert bad.code == 4
    assert "CRM_WEBHOOK_SECRET is not a Standard Webhooks secret" in bad.err
    assert KEY not in bad.err
