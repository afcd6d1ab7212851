"""What every destination has to do: one suite over all that are found, each with a real server or folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import connect, find_destinations, load_definition
from cdp_cli.destinations.base import Accepted, Destination, Idempotency, InDoubt, Retry, Split, Verb
from cdp_cli.errors import CheckDestination, FixConfiguration
from cdp_cli.receiver import Receiver
from tests.conftest import ROOT
from tests.python.destinations.conftest import batch, deliver

PEOPLE = [
    {"external_id": "p1", "email": "ada@example.com"},
    {"external_id": "p2", "email": "bo@example.com"},
    {"external_id": "p3", "email": "cy@example.com"},
]


@dataclasses.dataclass(frozen=True)
class Case:
    """A destination with an object to try, and where a row of it ends up at the receiver."""

    destination: str
    connection: str
    name: str
    put: Verb
    remove: Verb
    kept: tuple[str, str] | None = None  # destination and object in the receiver's state; None: files

    def __str__(self) -> str:
        return f"{self.destination}-{self.name}"


CASES = [
    Case("webhook", "crm_webhook", "people", Verb.UPSERT, Verb.REMOVE, ("crm", "people")),
    Case("klaviyo", "newsletter", "profiles", Verb.UPSERT, Verb.REMOVE, ("klaviyo", "profiles")),
    Case(
        "klaviyo", "newsletter", "vip_list", Verb.ADD_MEMBER, Verb.REMOVE_MEMBER, ("klaviyo", "list:VIPS01")
    ),
    Case("files", "exports", "people", Verb.UPSERT, Verb.REMOVE),
]
HTTP = [case for case in CASES if case.kept is not None]
every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_http_case = pytest.mark.parametrize("case", HTTP, ids=str)

Open = Callable[[str, str], Destination]


def kept(receiver: Receiver, case: Case) -> set[str]:
    assert case.kept is not None
    rows = receiver.state().get(case.kept[0], {}).get(case.kept[1], {})
    return {row["external_id"] for row in rows.values()}


def effects(receiver: Receiver, case: Case) -> list[str]:
    assert case.kept is not None
    return [
        entry["effect"] for entry in receiver.log() if (entry["destination"], entry["object"]) == case.kept
    ]


def test_every_destination_is_tried() -> None:
    assert {case.destination for case in CASES} == set(find_destinations())


@pytest.mark.parametrize("name", find_destinations())
def test_every_destination_has_its_chapter_in_the_docs(name: str) -> None:
    docs = (ROOT / "docs" / "reference" / "destinations.md").read_text(encoding="utf-8")
    destination = load_definition(name)
    assert f"\n## `{name}`" in docs
    for part in (*destination.secrets, *destination.settings):
        assert f"`{part}`" in docs, f"docs/reference/destinations.md does not name {part}"


@every_case
def test_a_good_batch_is_accepted_and_kept(case: Case, open_object: Open, receiver: Receiver) -> None:
    there = open_object(case.connection, case.name)
    there.check()
    assert deliver(there, batch(there, case.put, PEOPLE)) == Accepted()
    if case.kept:
        assert kept(receiver, case) == {"p1", "p2", "p3"}


@every_case
def test_a_removal_takes_away_what_its_match_keys_name(
    case: Case, open_object: Open, receiver: Receiver
) -> None:
    there = open_object(case.connection, case.name)
    deliver(there, batch(there, case.put, PEOPLE))
    rows = [{"external_id": "p2", "email": "bo@example.com"}]
    assert deliver(there, batch(there, case.remove, rows, key="key-2")) == Accepted()
    if case.kept:
        assert kept(receiver, case) == {"p1", "p3"}


@every_http_case
def test_the_same_batch_twice_is_applied_once(case: Case, open_object: Open, receiver: Receiver) -> None:
    there = open_object(case.connection, case.name)
    assert there.idempotency(case.put) in (Idempotency.KEYED, Idempotency.UPSERT)
    assert deliver(there, batch(there, case.put, PEOPLE)) == deliver(there, batch(there, case.put, PEOPLE))
    assert [effect for effect in effects(receiver, case) if effect != "unchanged"] == ["created"] * 3


@every_http_case
def test_an_answer_cut_after_applying_is_in_doubt_and_a_repeat_applies_nothing(
    case: Case, open_object: Open, receiver: Receiver
) -> None:
    there = open_object(case.connection, case.name)
    receiver.fail(kind="cut_after", method="POST", times=1)
    first = deliver(there, batch(there, case.put, PEOPLE))
    assert isinstance(first, InDoubt)
    assert deliver(there, batch(there, case.put, PEOPLE)) == Accepted()
    assert effects(receiver, case).count("created") == 3
    assert "updated" not in effects(receiver, case)


@every_http_case
def test_each_rejected_row_is_named_with_its_reason(
    case: Case, open_object: Open, receiver: Receiver
) -> None:
    there = open_object(case.connection, case.name)
    receiver.refuse("on hold", external_id="p2")
    assert deliver(there, batch(there, case.put, PEOPLE)) == Accepted({1: "on hold"})
    assert kept(receiver, case) == {"p1", "p3"}


@every_http_case
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_destination_took_nothing_and_says_when_to_come_back(
    case: Case, status: int, open_object: Open, receiver: Receiver
) -> None:
    there = open_object(case.connection, case.name)
    receiver.fail(kind="status", status=status, retry_after=0, method="POST", times=1)
    answer = deliver(there, batch(there, case.put, PEOPLE))
    assert isinstance(answer, Retry)
    assert answer.after == 0
    assert effects(receiver, case) == []


@every_http_case
@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_leaves_the_batch_in_doubt(
    case: Case, status: int, open_object: Open, receiver: Receiver
) -> None:
    there = open_object(case.connection, case.name)
    receiver.fail(kind="status", status=status, method="POST", times=1)
    assert isinstance(deliver(there, batch(there, case.put, PEOPLE)), InDoubt)


@every_http_case
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_batch_with_something_wrong_in_it_is_to_be_halved(
    case: Case, status: int, open_object: Open, receiver: Receiver
) -> None:
    there = open_object(case.connection, case.name)
    receiver.fail(kind="status", status=status, method="POST", times=1)
    assert isinstance(deliver(there, batch(there, case.put, PEOPLE)), Split)


@every_http_case
def test_a_bad_body_is_refused_by_the_receiver(case: Case, open_object: Open, receiver: Receiver) -> None:
    there = open_object(case.connection, case.name)
    good = batch(there, case.put, PEOPLE)
    assert isinstance(deliver(there, dataclasses.replace(good, lines='"no object"')), Split)
    assert effects(receiver, case) == []


@every_http_case
def test_refused_credentials_stop_the_run_and_name_the_secret(
    case: Case, open_object: Open, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLAVIYO_API_KEY", "pk_wrong")
    monkeypatch.setenv("CRM_WEBHOOK_SECRET", "whsec_" + "d3Jvbmctc2VjcmV0LXdyb25nLXNlY3JldA==")
    there = open_object(case.connection, case.name)
    for ask in (there.check, lambda: deliver(there, batch(there, case.put, PEOPLE))):
        with pytest.raises(CheckDestination, match="refuses us") as caught:
            ask()
        assert "secrets of the connection" in caught.value.remedy


@every_http_case
def test_an_unreachable_destination_took_nothing_and_stops_the_run_after_three_tries(
    case: Case, open_object: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_RECEIVER_URL", "http://127.0.0.1:9")
    there = open_object(case.connection, case.name)
    with pytest.raises(CheckDestination, match=r"127\.0\.0\.1:9 cannot be reached"):
        there.check()
    assert isinstance(deliver(there, batch(there, case.put, PEOPLE)), Retry)
    with pytest.raises(CheckDestination, match="cannot be reached"):
        deliver(there, batch(there, case.put, PEOPLE, attempt=3))


@every_http_case
def test_no_secret_is_in_errors_logs_or_texts(
    case: Case, open_object: Open, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("cdp_cli").propagate = True
    own = receiver.webhook_secret if case.destination == "webhook" else receiver.klaviyo_api_key
    there = open_object(case.connection, case.name)
    # Even a destination that repeats our secret must not get it into our records.
    receiver.fail(kind="status", status=500, reason=f"not {own}, ada@example.com", times=1)
    answer = deliver(there, batch(there, case.put, PEOPLE))
    connection = there.connection  # type: ignore[attr-defined]
    seen = " ".join([repr(there), repr(connection), str(answer), caplog.text])
    assert own not in seen
    assert "ada@example.com" not in seen


@every_case
def test_rows_and_limits_are_what_the_engine_builds_on(
    case: Case, open_object: Open, receiver: Receiver
) -> None:
    there = open_object(case.connection, case.name)
    assert {case.put, case.remove} <= there.verbs
    limits = there.limits(case.put)
    assert limits.rows > 0
    assert limits.bytes > 0
    assert limits.concurrency > 0
    assert set(there.match_fields) >= {"external_id", "email"}
    there.finish("run-1")
    there.finish("run-1")


@every_case
def test_what_an_object_does_not_have_is_named(case: Case, settings: Settings) -> None:
    with pytest.raises(FixConfiguration, match="has no connection 'nowhere'"):
        connect("nowhere", case.name, settings)
    there = connect(case.connection, case.name, settings)
    with pytest.raises(FixConfiguration, match="selects none of them"):
        there.invalid_sql(case.put, ["properties.colour"])


def test_a_destination_of_the_project_with_the_name_of_ours_is_refused(settings: Settings) -> None:
    folder = settings.project_dir / "destinations"
    folder.mkdir()
    shutil.copy(find_destinations()["webhook"], folder)
    with pytest.raises(FixConfiguration, match="has the name of a destination that comes with cdp") as caught:
        connect("crm_webhook", "people", settings)
    assert str(folder / "webhook.yml") in caught.value.problem
    assert "Rename the file" in caught.value.remedy


def test_a_new_destination_is_one_file(settings: Settings, receiver: Receiver) -> None:
    folder = settings.project_dir / "destinations"
    folder.mkdir()
    (folder / "loyalty.yml").write_text(LOYALTY, encoding="utf-8")
    (settings.project_dir / "connections.yml").write_text(
        "connections:\n"
        "  points: {destination: loyalty, base_url: '${CDP_RECEIVER_URL}/klaviyo', "
        "secrets: {key: env:KLAVIYO_API_KEY}, settings: {list: POINTS}}\n",
        encoding="utf-8",
    )
    there = connect("points", "members", settings)
    sent = batch(there, Verb.ADD_MEMBER, [{"external_id": "p1", "email": " Ada@Example.com "}])
    body: Any = json.loads(sent.rows[0])
    assert body["attributes"]["email"] == hashlib.sha256(b"ada@example.com").hexdigest()
    # The receiver finds that a hash is no address; the loyalty vendor would want exactly that.
    assert isinstance(deliver(there, sent), Accepted)


LOYALTY = """
destination: loyalty
description: A vendor that we have never heard of.
secrets: {key: The key.}
settings: {list: {description: The list., required: true}}
auth: {header: Authorization, value: "Klaviyo-API-Key {key}"}
headers: {revision: "1"}
objects:
  members:
    description: Members.
    match: [external_id, email]
    idempotency: upsert
    fields:
      external_id: {normalise: trim}
      email: {normalise: [trim, lower], hash: sha256}
    add_member:
      post: /api/profile-bulk-import-jobs
      batch: {rows: 10, bytes: 1MB}
      row: {type: profile, attributes: $fields}
      body:
        data:
          type: profile-bulk-import-job
          attributes: {profiles: {data: $rows}}
          relationships: {lists: {data: [{type: list, id: "{list}"}]}}
      accept: {source: https://vendor.example/api, status: [202], require: [data.id]}
"""
