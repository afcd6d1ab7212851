"""What a destination does when the server fails between two requests of one batch."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import connect, find_destinations
from cdp_cli.destinations.base import (
    Accepted,
    Answer,
    Batch,
    Destination,
    InDoubt,
    Pending,
    Refused,
    Retry,
    Split,
    Verb,
)
from cdp_cli.errors import CheckDestination
from cdp_cli.receiver import Receiver
from tests.python.destinations.conftest import batch, deliver

Open = Callable[[str, str], Destination]
PEOPLE = [{"external_id": "p1", "email": "ada@example.com"}, {"external_id": "p2", "email": "bo@example.com"}]
JOBS = r"/profile-bulk-import-jobs/[\w-]+$"
ERRORS = "/import-errors$"


@pytest.fixture
def profiles(open_object: Open, receiver: Receiver) -> Destination:
    return open_object("newsletter", "profiles")


def deliver_from(destination: Destination, waiting: Batch) -> Answer:
    """Go on with a batch that waits, until it is answered."""
    for _ in range(30):
        answer = destination.resume(waiting)
        if not isinstance(answer, Pending):
            return answer
        waiting = replace(waiting, kept=answer.kept)
    raise AssertionError("still pending")


def posts(receiver: Receiver) -> int:
    return [request.method for request in receiver.requests].count("POST")


def altered_klaviyo(settings: Settings, changes: dict[str, str]) -> Destination:
    """The object `profiles` of a destination of the project: Klaviyo's YAML, renamed and changed."""
    text = find_destinations()["klaviyo"].read_text(encoding="utf-8")
    for old, new in {"destination: klaviyo": "destination: other", **changes}.items():
        assert old in text
        text = text.replace(old, new)
    folder = settings.project_dir / "destinations"
    folder.mkdir()
    (folder / "other.yml").write_text(text, encoding="utf-8")
    connections = settings.project_dir / "connections.yml"
    given = connections.read_text(encoding="utf-8")
    connections.write_text(given.replace("destination: klaviyo", "destination: other"), encoding="utf-8")
    return connect("newsletter", "profiles", settings)


def test_the_id_of_a_job_is_kept_before_it_is_asked_about(profiles: Destination, receiver: Receiver) -> None:
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    pending = profiles.send(sent)
    assert isinstance(pending, Pending)
    assert set(pending.kept) == {"job", "step"}
    assert [request.method for request in receiver.requests] == ["POST"]


def test_another_process_asks_about_the_job_and_starts_none(
    open_object: Open, profiles: Destination, receiver: Receiver
) -> None:
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    pending = profiles.send(sent)
    assert isinstance(pending, Pending)
    later = open_object("newsletter", "profiles")
    assert deliver_from(later, replace(sent, kept=pending.kept)) == Accepted()
    assert posts(receiver) == 1


def test_a_busy_answer_about_a_job_says_when_to_ask_again(profiles: Destination, receiver: Receiver) -> None:
    receiver.fail(kind="status", status=429, retry_after=0.3, path=JOBS, times=1)
    receiver.fail(kind="cut_before", path=JOBS, times=1)
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    first = profiles.send(sent)
    assert isinstance(first, Pending)
    busy = profiles.resume(replace(sent, kept=first.kept))
    assert isinstance(busy, Pending)
    assert busy.after == 0.3
    assert first.kept.items() <= busy.kept.items()
    assert deliver_from(profiles, replace(sent, kept=first.kept)) == Accepted()
    assert posts(receiver) == 1


def test_a_busy_answer_about_errors_reads_them_again(profiles: Destination, receiver: Receiver) -> None:
    receiver.refuse("no", external_id="p2")
    receiver.fail(kind="status", status=503, retry_after=0.1, path=ERRORS, times=2)
    assert deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE)) == Accepted({1: "no"})


def test_a_job_that_is_not_done_is_asked_about_less_and_less_often(
    settings: Settings, receiver: Receiver
) -> None:
    profiles = altered_klaviyo(settings, {"values: [complete]": "values: [never]"})
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    answer, waits = profiles.send(sent), []
    for _ in range(10):
        assert isinstance(answer, Pending)
        waits.append(answer.after)
        answer = profiles.resume(replace(sent, kept=answer.kept))
    assert waits == pytest.approx([0.2, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30])


def test_answers_that_cannot_be_read_are_counted_over_runs(profiles: Destination, receiver: Receiver) -> None:
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    receiver.behave("job_page")
    assert isinstance(deliver(profiles, sent), InDoubt)
    assert [request.method for request in receiver.requests] == ["POST", *["GET"] * 5]


def test_a_step_that_the_yaml_no_longer_has_is_in_doubt(profiles: Destination) -> None:
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    answer = profiles.resume(replace(sent, kept={"step": "former", "job": "7"}))
    assert isinstance(answer, InDoubt)
    assert "no longer has the step" in answer.reason
    assert isinstance(profiles.resume(sent), InDoubt)


def test_an_error_that_the_destination_reports_is_no_silence(
    profiles: Destination, receiver: Receiver
) -> None:
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    for fault, answered in (
        ({"kind": "status", "status": 500}, True),
        ({"kind": "status", "status": 504}, False),
        ({"kind": "cut_after"}, False),
    ):
        receiver.fail(**fault, method="POST", times=1)
        answer = profiles.send(sent)
        assert isinstance(answer, InDoubt)
        assert answer.answered is answered


@pytest.mark.parametrize("status", [400, 404])
def test_a_job_that_the_destination_does_not_know_leaves_its_batch_in_doubt(
    status: int, profiles: Destination, receiver: Receiver
) -> None:
    receiver.fail(kind="status", status=status, path=JOBS, times=1)
    answer = deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE))
    assert isinstance(answer, InDoubt)
    assert f"HTTP {status}" in answer.reason


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused_between_two_questions_stop_the_run(
    status: int, profiles: Destination, receiver: Receiver
) -> None:
    sent = batch(profiles, Verb.UPSERT, PEOPLE)
    pending = profiles.send(sent)
    assert isinstance(pending, Pending)
    receiver.fail(kind="status", status=status, path=JOBS, times=1)
    waiting = replace(sent, kept=pending.kept)
    with pytest.raises(CheckDestination, match="refuses us"):
        profiles.resume(waiting)
    # What was kept is still good: the next run asks about the same job.
    assert deliver_from(profiles, waiting) == Accepted()
    assert posts(receiver) == 1


def test_a_failed_look_up_means_that_nothing_was_sent(open_object: Open, receiver: Receiver) -> None:
    members = open_object("newsletter", "vip_list")
    deliver(members, batch(members, Verb.ADD_MEMBER, PEOPLE))
    removal = batch(members, Verb.REMOVE_MEMBER, PEOPLE)
    for fault in ({"kind": "cut_before"}, {"kind": "status", "status": 500}):
        receiver.fail(**fault, path="/api/profiles$", times=1)
        assert isinstance(deliver(members, removal), Retry)
    assert len(receiver.state()["klaviyo"]["list:VIPS01"]) == 2
    assert deliver(members, removal) == Accepted()
    assert "list:VIPS01" not in receiver.state()["klaviyo"]


def test_removing_whom_the_destination_does_not_know_is_done(open_object: Open, receiver: Receiver) -> None:
    members = open_object("newsletter", "vip_list")
    assert deliver(members, batch(members, Verb.REMOVE_MEMBER, PEOPLE)) == Accepted()
    assert {request.method for request in receiver.requests} == {"GET"}


def test_adding_whom_the_destination_does_not_know_is_an_error_of_that_row(
    settings: Settings, receiver: Receiver
) -> None:
    text = find_destinations()["klaviyo"].read_text(encoding="utf-8")
    anchor = text.index("    remove_member:")
    by_id = text[anchor:].replace("remove_member:", "append:").replace("delete:", "post:", 1)
    profiles = altered_klaviyo(settings, {text[anchor:]: text[anchor:].rstrip() + "\n" + by_id})
    deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE[1:]))
    members = connect("newsletter", "vip_list", settings)
    assert deliver(members, batch(members, Verb.APPEND, PEOPLE)) == Accepted(
        {0: "the destination does not know this row"}
    )
    assert [row["external_id"] for row in receiver.state()["klaviyo"]["list:VIPS01"].values()] == ["p2"]


def test_events_refused_without_a_name_are_not_halved(settings: Settings, receiver: Receiver) -> None:
    # The halves would have keys of their own, and the events that were taken would come twice.
    profiles = altered_klaviyo(settings, {"idempotency: upsert": "idempotency: append_only"})
    receiver.behave("failed_without_names")
    assert deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE)) == InDoubt(
        "the destination refused rows without naming them"
    )


def test_the_parameters_of_a_poll_are_sent(settings: Settings, receiver: Receiver) -> None:
    job = '"/api/profile-bulk-import-jobs/{job}"\n          limit: job'
    profiles = altered_klaviyo(settings, {job: f"{job}\n          params: {{include: '{{object}}'}}"})
    assert deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE)) == Accepted()
    assert receiver.requests[-1].query == {"include": "profiles"}


def test_a_404_page_of_a_proxy_is_not_the_vendor_s_word(open_object: Open, receiver: Receiver) -> None:
    profiles = open_object("newsletter", "profiles")
    deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE[:1]))
    receiver.behave("not_found_page")
    with pytest.raises(CheckDestination, match="refuses us"):
        deliver(profiles, batch(profiles, Verb.REMOVE, PEOPLE[:1], key="key-2"))


def test_a_404_in_the_vendor_s_words_is_a_removal_done(open_object: Open, receiver: Receiver) -> None:
    profiles = open_object("newsletter", "profiles")
    deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE[:1]))
    receiver.fail(kind="status", status=404, reason="gone already", method="POST", times=1)
    assert deliver(profiles, batch(profiles, Verb.REMOVE, PEOPLE[:1], key="key-2")) == Accepted()


def test_someone_who_is_not_found_by_id_is_found_by_address(open_object: Open, receiver: Receiver) -> None:
    members = open_object("newsletter", "vip_list")
    deliver(
        members, batch(members, Verb.ADD_MEMBER, [{"email": "ada@example.com"}, {"email": "bo@example.com"}])
    )
    deliver(members, batch(members, Verb.REMOVE_MEMBER, PEOPLE[:1], key="key-2"))
    left = receiver.state()["klaviyo"]["list:VIPS01"].values()
    assert [row["email"] for row in left] == ["bo@example.com"]


def test_a_thousand_members_are_looked_up_a_hundred_at_a_time(open_object: Open, receiver: Receiver) -> None:
    members = open_object("newsletter", "vip_list")
    people = [{"external_id": f"p{n}"} for n in range(1000)]
    deliver(members, batch(members, Verb.ADD_MEMBER, people))
    receiver.requests.clear()
    assert deliver(members, batch(members, Verb.REMOVE_MEMBER, people, key="key-2")) == Accepted()
    assert [request.method for request in receiver.requests] == ["GET"] * 10 + ["DELETE"]
    assert "list:VIPS01" not in receiver.state()["klaviyo"]


def test_a_redirect_stops_the_run(open_object: Open, receiver: Receiver) -> None:
    there = open_object("crm_webhook", "people")
    receiver.fail(kind="status", status=308, times=1)
    with pytest.raises(CheckDestination, match="refuses us") as caught:
        deliver(there, batch(there, Verb.UPSERT, PEOPLE))
    assert "Set base_url to where it redirects" in caught.value.remedy


def test_a_conflict_is_refused_for_good(open_object: Open, receiver: Receiver) -> None:
    there = open_object("crm_webhook", "people")
    deliver(there, batch(there, Verb.UPSERT, PEOPLE))
    # Who withdrew in between is left out of a repeat.
    assert deliver(there, batch(there, Verb.UPSERT, PEOPLE[:1])) == Accepted()
    again = deliver(there, batch(there, Verb.UPSERT, [{"external_id": "somebody"}]))
    assert again == Refused("HTTP 409: this webhook-id came before with other rows")


def test_a_refused_row_without_a_name_is_found_by_halving(settings: Settings, receiver: Receiver) -> None:
    profiles = altered_klaviyo(
        settings,
        {
            "at: attributes.source.pointer": "at: attributes.code",
            "at: attributes.original_payload": "at: attributes.source",
        },
    )
    receiver.refuse("no", external_id="p2")
    assert isinstance(deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE)), Split)


def test_a_job_that_never_ends_is_in_doubt_at_last(settings: Settings, receiver: Receiver) -> None:
    profiles = altered_klaviyo(settings, {"[complete]}": "[never]}\n          within: 0.001"})
    assert deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE)) == InDoubt(
        "no outcome after 0 seconds: the destination's job is complete"
    )
    receiver.fail(kind="status", status=500, path=JOBS)
    told = deliver(profiles, batch(profiles, Verb.UPSERT, PEOPLE, key="key-2"))
    assert isinstance(told, InDoubt)
    assert "no outcome after 0 seconds: HTTP 500" in told.reason


def test_read_back_says_that_there_is_none(profiles: Destination) -> None:
    assert isinstance(profiles.read_back(Batch("b", "k", Verb.UPSERT, "")), InDoubt)


def test_many_threads_share_one_destination(open_object: Open, receiver: Receiver) -> None:
    there = open_object("crm_webhook", "people")
    batches = [batch(there, Verb.UPSERT, [{"external_id": f"p{n}"}], key=f"key-{n}") for n in range(30)]
    with ThreadPoolExecutor(8) as pool:
        assert set(map(type, pool.map(lambda one: deliver(there, one), batches))) == {Accepted}
    assert len(receiver.state()["crm"]["people"]) == 30
