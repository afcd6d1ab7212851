"""A hostile server: no row is acknowledged, and no removal believed, without evidence."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import find_destinations
from cdp_cli.destinations.base import Accepted, Answer, Destination, InDoubt, Refused, Retry, Split, Verb
from cdp_cli.destinations.evidence import NoEvidence, document_of
from cdp_cli.destinations.operations import Check
from cdp_cli.errors import CheckDestination
from cdp_cli.http import Response
from cdp_cli.receiver import Receiver
from cdp_cli.receiver.behaviours import BEHAVIOURS
from tests.conftest import ROOT
from tests.python.destinations.conftest import batch, deliver

Open = Callable[[str, str], Destination]
PEOPLE = [{"external_id": f"p{n}", "email": f"p{n}@example.com"} for n in range(1, 4)]
WEBHOOK, KLAVIYO = ("crm_webhook", "people"), ("newsletter", "profiles")


def answer(open_object: Open, to: tuple[str, str], verb: Verb, key: str = "key-1") -> Answer:
    there = open_object(*to)
    return deliver(there, batch(there, verb, PEOPLE, key=key))


BY_CONTRACT = [
    *((WEBHOOK, name) for name in ("login_page", "half_json", "error_under_200", "errors_of_another_name")),
    *((WEBHOOK, name) for name in ("failures_under_200", "wrong_types", "nested_lists", "gzip_bomb")),
    *((KLAVIYO, name) for name in ("login_page", "half_json", "error_under_200", "errors_of_another_name")),
    *((KLAVIYO, name) for name in ("job_without_id", "job_without_counts", "job_of_another_size")),
    *((KLAVIYO, name) for name in ("job_page", "wrong_types", "nested_lists")),
]


@pytest.mark.parametrize(("to", "name"), BY_CONTRACT, ids=str)
def test_an_answer_without_evidence_acknowledges_nothing(
    to: tuple[str, str], name: str, open_object: Open, receiver: Receiver
) -> None:
    receiver.behave(name)
    told = answer(open_object, to, Verb.UPSERT)
    assert isinstance(told, InDoubt)
    # It blames the answer, not the destination's YAML.
    assert "proves nothing" in told.reason or "no usable answer" in told.reason


def test_the_reason_shows_status_type_and_a_masked_start(open_object: Open, receiver: Receiver) -> None:
    receiver.behave("login_page")
    told = answer(open_object, WEBHOOK, Verb.UPSERT)
    assert told == InDoubt(
        "the answer proves nothing (HTTP 200, text/html, begins with "
        "'<!doctype html><title>Sign in</title><fo'): it is not a JSON document"
    )


def test_failed_rows_that_nothing_names_are_looked_for(open_object: Open, receiver: Receiver) -> None:
    receiver.behave("failed_without_names")
    assert isinstance(answer(open_object, KLAVIYO, Verb.UPSERT), Split)
    there = open_object(*KLAVIYO)
    alone = deliver(there, batch(there, Verb.UPSERT, PEOPLE[:1]))
    assert alone == Refused("the destination refused every row of the batch")


@pytest.mark.parametrize("name", ["unreadable_errors", "endless_errors"])
def test_an_unreadable_list_of_errors_acknowledges_nothing(
    name: str, open_object: Open, receiver: Receiver
) -> None:
    receiver.refuse("no", external_id="p2")
    receiver.behave(name)
    assert isinstance(answer(open_object, KLAVIYO, Verb.UPSERT), InDoubt)


REMOVALS = ["lookup_page", "lookup_empty", "lookup_without_list", "lookup_error", "lookup_without_end"]


@pytest.mark.parametrize("name", REMOVALS)
def test_not_there_needs_a_well_formed_answer(name: str, open_object: Open, receiver: Receiver) -> None:
    assert answer(open_object, ("newsletter", "vip_list"), Verb.ADD_MEMBER) == Accepted()
    receiver.behave(name)
    told = answer(open_object, ("newsletter", "vip_list"), Verb.REMOVE_MEMBER, "key-2")
    assert isinstance(told, Retry)
    assert "the look-up of ids failed" in told.reason
    receiver.accept_everything()
    assert answer(open_object, ("newsletter", "vip_list"), Verb.REMOVE_MEMBER, "key-2") == Accepted()
    assert "list:VIPS01" not in receiver.state()["klaviyo"]


def test_all_pages_of_a_look_up_are_read(open_object: Open, receiver: Receiver) -> None:
    answer(open_object, ("newsletter", "vip_list"), Verb.ADD_MEMBER)
    receiver.behave("lookup_in_pages")
    assert answer(open_object, ("newsletter", "vip_list"), Verb.REMOVE_MEMBER, "key-2") == Accepted()
    assert "list:VIPS01" not in receiver.state()["klaviyo"]


def test_a_removal_that_was_answered_with_errors_is_not_done(open_object: Open, receiver: Receiver) -> None:
    answer(open_object, ("newsletter", "vip_list"), Verb.ADD_MEMBER)
    receiver.behave("delete_with_errors")
    told = answer(open_object, ("newsletter", "vip_list"), Verb.REMOVE_MEMBER, "key-2")
    assert isinstance(told, InDoubt)


@pytest.mark.parametrize("name", ["misdirected", "too_early"])
def test_what_was_not_processed_may_be_sent_again(name: str, open_object: Open, receiver: Receiver) -> None:
    receiver.behave(name)
    assert isinstance(answer(open_object, WEBHOOK, Verb.UPSERT), Retry)


def test_a_slow_answer_ends_with_the_request_s_time(
    open_object: Open, receiver: Receiver, settings: Settings
) -> None:
    text = find_destinations()["webhook"].read_text(encoding="utf-8")
    folder = settings.project_dir / "destinations"
    folder.mkdir()
    text = text.replace("destination: webhook", "destination: hasty").replace("timeout: 30", "timeout: 1")
    (folder / "hasty.yml").write_text(text, encoding="utf-8")
    connections = settings.project_dir / "connections.yml"
    given = connections.read_text(encoding="utf-8")
    connections.write_text(given.replace("destination: webhook", "destination: hasty"), encoding="utf-8")
    receiver.behave("slow_bytes")
    began = time.monotonic()
    told = answer(open_object, WEBHOOK, Verb.UPSERT)
    assert isinstance(told, InDoubt)
    assert "did not answer (timed out)" in told.reason
    assert time.monotonic() - began < 10


def test_one_answer_too_many_does_not_answer_the_next_batch(open_object: Open, receiver: Receiver) -> None:
    there = open_object(*WEBHOOK)
    receiver.behave("one_answer_too_many")
    for key in ("key-1", "key-2"):
        assert deliver(there, batch(there, Verb.UPSERT, PEOPLE, key=key)) == Accepted()
    receiver.behave("login_page")
    assert isinstance(deliver(there, batch(there, Verb.UPSERT, PEOPLE, key="key-3")), InDoubt)


@pytest.mark.parametrize("name", ["profiles", "vip_list"])
def test_a_login_page_accepts_no_connection(name: str, open_object: Open, receiver: Receiver) -> None:
    there = open_object("newsletter", name)
    there.check()
    receiver.behave("login_page")
    with pytest.raises(CheckDestination, match="the answer proves nothing"):
        there.check()


def test_each_behaviour_is_in_the_docs() -> None:
    docs = (ROOT / "docs" / "how-to" / "use-the-receiver.md").read_text(encoding="utf-8")
    assert [name for name, one in BEHAVIOURS.items() if f"| `{name}` | {one.about} |" not in docs] == []


SOME_FAILED = [
    {"status": [200], "body": "empty_object"},
    {"status": [207], "absent": [], "require": ["errors.0"]},
    {"status": [207], "equals": {"state": ["partial"]}, "require": ["why"]},
]


@pytest.mark.parametrize(
    ("status", "body", "proves"),
    [
        (200, b"{}", True),
        (200, b'{"message": "please sign in"}', False),
        (200, b"", False),
        (200, b'{"errors": [1]}', False),
        (207, b'{"errors": [1]}', True),
        (207, b'{"errors": []}', False),
        (207, b'{"state": "partial", "why": "x"}', True),
        (207, b'{"state": "partial"}', False),
        (207, b"{}", False),
        (202, b"{}", False),
    ],
)
def test_each_status_has_its_own_evidence(status: int, body: bytes, proves: bool) -> None:
    accept = Check.model_validate({"get": "/", "accept": SOME_FAILED}).accept
    assert accept is not None
    response = Response(status, {}, body)
    if proves:
        document_of(response, accept)
    else:
        with pytest.raises(NoEvidence):
            document_of(response, accept)
