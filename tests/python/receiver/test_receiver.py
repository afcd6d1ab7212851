"""The receiver: keeps what it got, whatever is killed, and fails as it is told."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cdp_cli.destinations.signatures import keys, sign
from cdp_cli.http import Http, Response, Unanswered
from cdp_cli.receiver import DEMO_WEBHOOK_SECRET, Receiver
from tests.receivers import receiver

__all__ = ["receiver"]


def post(
    url: str, rows: list[dict[str, Any]], key: str, verb: str = "upsert", name: str = "people"
) -> Response:
    body = json.dumps({"type": f"{name}.{verb}", "data": rows}).encode()
    headers = sign(keys(DEMO_WEBHOOK_SECRET), key, int(time.time()), body)
    return Http(f"{url}/webhook/crm", {}, 10).request("POST", "", body=body, headers=headers)


def control(url: str, method: str, path: str, document: Any = None) -> Any:
    body = json.dumps(document).encode() if document is not None else None
    return Http(f"{url}/_receiver", {}, 10).request(method, path, body=body).json()


def test_what_it_got_survives_a_restart(tmp_path: Path) -> None:
    store = tmp_path / "folder" / "store.sqlite"
    with Receiver(store) as first:
        assert post(first.url, [{"id": "a", "n": 1}], "k1").status == 200
    with Receiver(store) as second:
        assert second.state() == {"crm": {"people": {"a": {"id": "a", "n": 1}}}}
        again = post(second.url, [{"id": "a", "n": 1}], "k1")
        assert again.headers["webhook-duplicate"] == "true"
        assert [entry["effect"] for entry in second.log()] == ["created"]


def test_a_store_of_an_earlier_version_is_still_read(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    with Receiver(store) as first:
        post(first.url, [{"id": "a", "n": 1}], "k1")
    with sqlite3.connect(store) as database:
        for table in ("records", "applied", "answers"):
            database.execute(f"alter table {table} rename column destination to channel")
    database.close()
    with Receiver(store) as second:
        assert second.state() == {"crm": {"people": {"a": {"id": "a", "n": 1}}}}
        assert post(second.url, [{"id": "a", "n": 1}], "k1").headers["webhook-duplicate"] == "true"


def test_a_kill_in_mid_stream_leaves_whole_requests_only(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    command = [sys.executable, "-m", "cdp_cli.cli", "receiver", "--port", "0", "--store", str(store)]
    environment = {k: v for k, v in os.environ.items() if k not in ("KLAVIYO_API_KEY", "CRM_WEBHOOK_SECRET")}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = line.split(" on ")[1].split(";")[0]
        answered = 0
        for number in range(6):
            if number == 5:
                os.kill(process.pid, signal.SIGKILL)
            try:
                rows = [{"id": f"{number}-{n}"} for n in range(500)]
                answered += post(url, rows, f"k{number}").status == 200
            except Exception:
                break
    finally:
        process.kill()
        process.communicate()
    with Receiver(store) as after:
        kept = after.state()["crm"]["people"]
    assert answered >= 5
    assert len(kept) % 500 == 0
    assert len(kept) >= answered * 500


def test_the_same_key_with_another_body_is_refused(receiver: Receiver) -> None:
    post(receiver.url, [{"id": "a"}], "k1")
    assert post(receiver.url, [{"id": "b"}], "k1").status == 409
    assert set(receiver.state()["crm"]["people"]) == {"a"}


def test_the_log_tells_what_each_application_did(receiver: Receiver) -> None:
    post(receiver.url, [{"id": "a", "n": 1}, {"id": "b"}], "k1")
    post(receiver.url, [{"id": "a", "n": 2}, {"id": "b"}], "k2")
    post(receiver.url, [{"id": "a"}, {"id": "zz"}], "k3", verb="remove")
    post(receiver.url, [{"id": "a"}, {"id": "a"}], "k4", verb="append", name="events")
    did = [
        (e["operation"], e["key"], e["effect"], e["request"])
        for e in receiver.log()
        if e["object"] == "people"
    ]
    assert did == [
        ("upsert", "a", "created", "k1"),
        ("upsert", "b", "created", "k1"),
        ("upsert", "a", "updated", "k2"),
        ("upsert", "b", "unchanged", "k2"),
        ("remove", "a", "removed", "k3"),
        ("remove", "zz", "absent", "k3"),
    ]
    assert len(receiver.state()["crm"]["events"]) == 2  # events are kept one by one


def test_faults_are_turned_on_and_off_over_http(receiver: Receiver) -> None:
    fault = {"kind": "status", "status": 503, "retry_after": 7, "times": 2, "path": "^/webhook"}
    assert control(receiver.url, "POST", "/faults", fault) == {"added": True}
    answers = [post(receiver.url, [{"id": "a"}], "k1") for _ in range(3)]
    assert [(a.status, a.headers.get("retry-after")) for a in answers] == [
        (503, "7"),
        (503, "7"),
        (200, None),
    ]
    control(receiver.url, "POST", "/faults", {**fault, "times": None})
    control(receiver.url, "DELETE", "/faults")
    assert post(receiver.url, [{"id": "b"}], "k2").status == 200
    assert "errors" in control(receiver.url, "POST", "/faults", {"kind": "meteor"})


def test_a_cut_before_applies_nothing_and_a_cut_after_applies_all(receiver: Receiver) -> None:
    for kind, applied in (("cut_before", 0), ("cut_after", 1)):
        receiver.fail(kind=kind, times=1)
        with pytest.raises(Unanswered):
            post(receiver.url, [{"id": kind}], kind)
        assert len(receiver.log()) == applied


def test_a_share_of_requests_fails_by_its_seed(receiver: Receiver) -> None:
    def pattern(seed: int) -> list[int]:
        receiver.accept_everything()
        receiver.fail(kind="status", status=500, probability=0.5, seed=seed)
        return [post(receiver.url, [{"id": "a"}], f"{seed}-{n}").status for n in range(12)]

    first = pattern(1)
    receiver.reset()
    assert set(first) == {200, 500}
    assert pattern(1) == first
    assert pattern(2) != first


def test_a_slow_answer_comes(receiver: Receiver) -> None:
    receiver.fail(kind="slow", seconds=0.3, times=1)
    began = time.monotonic()
    assert post(receiver.url, [{"id": "a"}], "k1").status == 200
    assert time.monotonic() - began >= 0.3


def test_inspection_over_http_is_what_the_object_says(receiver: Receiver) -> None:
    post(receiver.url, [{"id": "a"}, {"id": "b"}], "k1")
    assert control(receiver.url, "GET", "/state") == receiver.state()
    assert [entry["key"] for entry in control(receiver.url, "GET", "/log?after=1")] == ["b"]
    assert control(receiver.url, "POST", "/reset") == {"reset": True}
    assert (receiver.state(), receiver.log()) == ({}, [])
    assert "there are GET state" in control(receiver.url, "GET", "/nothing")["error"]


def test_klaviyo_merges_attributes_as_klaviyo_does(receiver: Receiver) -> None:
    headers = {"authorization": f"Klaviyo-API-Key {receiver.klaviyo_api_key}", "revision": "2026-07-15"}
    http = Http(f"{receiver.url}/klaviyo", headers, 10)

    def put(**attributes: Any) -> None:
        rows = [{"type": "profile", "attributes": attributes}]
        job = {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": rows}}}
        body = json.dumps({"data": job}).encode()
        assert http.request("POST", "/api/profile-bulk-import-jobs", body=body).status == 202

    put(external_id="p1", email="a@x.de", first_name="Ada", properties={"one": 1, "two": 2})
    put(external_id="p1", first_name=None, properties={"two": None, "three": 3})
    put(email="A@X.de", last_name="L")
    assert list(receiver.state()["klaviyo"]["profiles"].values()) == [
        {"external_id": "p1", "email": "A@X.de", "last_name": "L", "properties": {"one": 1, "three": 3}}
    ]
    put(external_id="p1", email="new@x.de")
    put(email="a@x.de")  # nobody's any more, so it is a new profile
    assert len(receiver.state()["klaviyo"]["profiles"]) == 2


def test_the_program_starts_it_with_a_behaviour() -> None:
    ask = (
        "import os, urllib.request as r; print(r.urlopen(os.environ['CDP_RECEIVER_URL'] + '/webhook').read())"
    )
    command = ["receiver", "--port", "0", "--behave", "login_page", "--", sys.executable, "-c", ask]
    done = subprocess.run(
        [sys.executable, "-m", "cdp_cli.cli", *command], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, b"Please sign in" in done.stdout) == (0, True)
