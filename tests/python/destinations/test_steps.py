"""Operations of several calls: a bulk job with its upload, its end and its result files."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
from cdp_cli.errors import CheckDestination, FixConfiguration
from tests.python.destinations.conftest import batch, deliver
from tests.python.destinations.vendor import Answers, Asked, Open, Says, Vendor, opened, vendor

__all__ = ["opened", "vendor"]

BULK = """
secrets: {token: The token.}
auth: {bearer: token}
error: 0.message
objects:
  people:
    description: People.
    match: [external_id]
    idempotency: upsert
    fields: {external_id: {}, "*": {}}
    upsert:
      batch: {rows: 100, bytes: 1MB}
      row: $fields
      steps:
        - name: create
          post: /jobs
          body: {object: Contact, operation: upsert}
          keep: {job: id}
          accept: {require: [id]}
          sample: {id: 750R, state: Open}
        - name: upload
          put: /jobs/{job}/batches
          encode: csv
          cleared: "#N/A"
          body: $rows
          accept: {source: https://vendor.example/upload, status: [201], body: empty}
        - name: close
          patch: /jobs/{job}
          body: {state: UploadComplete}
          accept: {equals: {state: [UploadComplete]}}
          sample: {id: 750R, state: UploadComplete}
          keep: {closed: id}
        - name: job
          get: /jobs/{job}
          until: {path: state, values: [JobComplete]}
          failed: {path: state, values: [Failed, Aborted]}
          every: 2
          sample: {id: 750R, state: JobComplete, numberRecordsFailed: 1}
          outcomes:
            - get: /jobs/{job}/failedResults
              format: csv
              count: numberRecordsFailed
              items: ""
              each: error
              row: {by: key}
              refused: {reason: sf__Error}
              sample: "sf__Id,sf__Error,external_id\\n,INVALID,p1\\n"
            - get: /jobs/{job}/unprocessedrecords
              format: csv
              items: ""
              each: error
              row: {by: key, at: external_id}
              sample: "external_id\\np1\\n"
"""
PEOPLE = [{"external_id": f"p{n}", "score": n} for n in range(1, 4)]
CSV = {"Content-Type": "text/csv"}


class Bulk:
    """The vendor of the YAML above; `states` are those of the job, the last one again and again."""

    def __init__(self, *states: str, failed: str = "", unprocessed: str = "") -> None:
        self.states = list(states or ["JobComplete"])
        self.failed, self.unprocessed = failed, unprocessed

    def __call__(self, asked: Asked) -> Says:
        if asked.method == "POST":
            return Says({"id": "750R", "state": "Open"})
        if asked.method == "PUT":
            return Says(None, 201)
        if asked.method == "PATCH":
            return Says({"id": "750R", "state": "UploadComplete"})
        if asked.path.endswith("failedResults"):
            return Says(f"sf__Id,sf__Error,external_id\n{self.failed}", headers=CSV)
        if asked.path.endswith("unprocessedrecords"):
            return Says(f"external_id\n{self.unprocessed}", headers=CSV)
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return Says({"id": "750R", "state": state, "numberRecordsFailed": self.failed.count("\n")})


def fails(status: int, method: str) -> Answers:
    """The same vendor, which fails on one method."""
    return lambda asked: Says([{"message": "why"}], status) if asked.method == method else Bulk()(asked)


@pytest.fixture
def people(opened: Open) -> Destination:
    return opened(BULK, token="secret")


def sent(people: Destination) -> Batch:
    return batch(people, Verb.UPSERT, PEOPLE)


def waiting_at(people: Destination, step: str) -> Batch:
    """The batch when it waits at that step."""
    given = sent(people)
    answer = people.send(given)
    while isinstance(answer, Pending):
        waiting = replace(given, kept=answer.kept)
        if answer.kept["step"] == step:
            return waiting
        answer = people.resume(waiting)
    raise AssertionError(f"it never waits at {step}: {answer}")


def test_each_step_sends_what_the_vendor_asks_for(people: Destination, vendor: Vendor) -> None:
    vendor.answers = Bulk("InProgress", "JobComplete")
    assert deliver(people, sent(people)) == Accepted()
    assert vendor.lines == [
        "POST /jobs",
        "PUT /jobs/750R/batches",
        "PATCH /jobs/750R",
        "GET /jobs/750R",
        "GET /jobs/750R",
        "GET /jobs/750R/unprocessedrecords",
    ]
    upload = vendor.asked[1]
    assert upload.headers["content-type"] == "text/csv; charset=UTF-8"
    assert upload.body == b"external_id,score\np1,1\np2,2\np3,3\n"
    assert {asked.headers["authorization"] for asked in vendor.asked} == {"Bearer secret"}


IN_ADDRESS = """
objects:
  people:
    description: People.
    match: [external_id]
    idempotency: upsert
    fields: {"*": {}}
    upsert:
      batch: {rows: 1, bytes: 1MB}
      row: $fields
      steps:
        - {name: begin, post: /sessions, keep: {session: id}}
        - name: put
          put: /sessions/{session}/{row.external_id}
          accept: {source: https://vendor.example/put}
"""


def test_the_rows_of_a_later_step_are_kept(people: Destination, opened: Open, vendor: Vendor) -> None:
    assert people.keeps_rows(Verb.UPSERT)
    there = opened(IN_ADDRESS)
    assert there.keeps_rows(Verb.UPSERT)
    vendor.says(Says({"id": "s/1"}))
    assert deliver(there, batch(there, Verb.UPSERT, PEOPLE[:1])) == Accepted()
    assert vendor.lines == ["POST /sessions", "PUT /sessions/s%2F1/p1"]


def test_two_result_files_name_refused_rows(people: Destination, vendor: Vendor) -> None:
    vendor.answers = Bulk(failed=',"DUPLICATE: p1",p1\n', unprocessed="p3\n")
    answer = deliver(people, sent(people))
    # The count is that of the first file alone.
    assert answer == Accepted({0: "DUPLICATE: p1", 2: "rejected without a reason"})


def test_a_result_file_names_refused_rows(people: Destination, vendor: Vendor) -> None:
    vendor.answers = Bulk(failed=',"DUPLICATE: p1",p1\n')
    assert deliver(people, sent(people)) == Accepted({0: "DUPLICATE: p1"})


def test_each_answer_says_where_to_go_on(people: Destination, vendor: Vendor) -> None:
    vendor.answers = Bulk("InProgress", "JobComplete")
    given = sent(people)
    seen, answer = [], people.send(given)
    while isinstance(answer, Pending):
        seen.append((answer.kept["step"], answer.after))
        answer = people.resume(replace(given, kept=answer.kept))
    assert seen == [("upload", 0), ("job", 2), ("job", 2)]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_job_that_was_not_made_holds_nobody_s_row(status: int, people: Destination, vendor: Vendor) -> None:
    vendor.answers = fails(status, "POST")
    assert people.send(sent(people)) == Retry(f"HTTP {status}: why")


def test_a_job_without_an_id_is_made_again(people: Destination, vendor: Vendor) -> None:
    vendor.says(Says({"state": "Open"}))
    assert isinstance(people.send(sent(people)), Retry)
    vendor.says(Says({"id": "x" * 1000}))
    assert isinstance(people.send(sent(people)), Retry)


@pytest.mark.parametrize(
    ("status", "told"), [(400, Split), (409, Refused), (500, InDoubt), (429, Pending), (404, InDoubt)]
)
def test_an_upload_that_fails_means_what_its_status_says(
    status: int, told: type[Answer], people: Destination, vendor: Vendor
) -> None:
    vendor.answers = fails(status, "PUT")
    answer = people.resume(waiting_at(people, "upload"))
    assert isinstance(answer, told)
    if isinstance(answer, Pending):
        assert {"job": "750R", "step": "upload"}.items() <= answer.kept.items()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_rows_that_were_uploaded_are_not_uploaded_again(
    status: int, people: Destination, vendor: Vendor
) -> None:
    vendor.answers = fails(status, "PATCH")
    given = waiting_at(people, "upload")
    answer = people.resume(given)
    assert isinstance(answer, Pending)
    assert {"job": "750R", "step": "close"}.items() <= answer.kept.items()
    vendor.answers = Bulk()
    vendor.asked.clear()
    assert isinstance(people.resume(replace(given, kept=answer.kept)), Pending)
    assert vendor.lines == ["PATCH /jobs/750R"]


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_a_job_that_ended_otherwise_is_in_doubt(state: str, people: Destination, vendor: Vendor) -> None:
    vendor.answers = Bulk(state)
    assert deliver(people, sent(people)) == InDoubt(f"the destination's job ended as {state}")


def test_refused_credentials_between_steps_stop_the_run(people: Destination, vendor: Vendor) -> None:
    vendor.answers = Bulk()
    waiting = waiting_at(people, "job")
    vendor.says(Says(None, 401))
    with pytest.raises(CheckDestination):
        people.resume(waiting)


def test_a_result_file_that_cannot_be_read_is_read_again_and_then_in_doubt(
    people: Destination, vendor: Vendor
) -> None:
    def answers(asked: Asked) -> Says:
        page = asked.path.endswith("unprocessedrecords")
        return Says("<html>", headers={"Content-Type": "text/html"}) if page else Bulk()(asked)

    vendor.answers = answers
    answer = deliver(people, sent(people))
    assert isinstance(answer, InDoubt)
    assert "the column external_id is missing" in answer.reason
    assert [line.endswith("unprocessedrecords") for line in vendor.lines].count(True) == 5


MISTAKES = [
    ("keep: {job: id}", "keep: {step: id}", "'step' cannot be a name"),
    ("keep: {job: id}", "keep: {object: id}", "keep: 'object' is a name already"),
    ("keep: {job: id}", "keep: {other: id}", "steps.upload.put: {job} is unknown"),
    ("name: upload", "name: create", "two steps have the same name"),
    ("every: 2", "every: 2\n          keep: {last: id}", "steps.job keeps something, and no step follows"),
    ("row: $fields", "row: $fields\n      accept: {status: [200]}", "give accept in a step, not beside"),
    ("body: $rows", "body: {data: $rows}", "is $rows alone with encode: csv"),
    ("row: $fields\n", "row: [$fields.external_id]\n", "needs names for its columns"),
    ("source: https://vendor.example/upload, ", "", "steps.upload.accept.source is missing"),
    ("keep: {job: id}", "keep: {job: data.id}", "steps.create.sample has no data.id"),
    ("until: {path: state,", "until: {path: status,", "steps.job.sample has no status"),
    ("count: numberRecordsFailed", "count: failed", "steps.job.sample has no failed"),
    ("{reason: sf__Error}", "{reason: sf_Error}", "the column sf_Error is missing"),
    ("equals: {state: [UploadComplete]}", "equals: {status: [x]}", "status has an undeclared value"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES, ids=[new for _, new, _ in MISTAKES])
def test_a_mistake_in_steps_does_not_load(old: str, new: str, sentence: str, opened: Open) -> None:
    assert old in BULK
    with pytest.raises(FixConfiguration) as caught:
        opened(BULK.replace(old, new, 1), token="secret")
    assert sentence in caught.value.problem
