"""What an answer says about each row of a batch."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Answer, Idempotency, InDoubt, Refused, Split
from cdp_cli.destinations.evidence import NoEvidence
from cdp_cli.destinations.operations import Outcomes
from cdp_cli.destinations.outcomes import Told, csv_records, items_at, paths_of
from cdp_cli.http import Response

ROWS = [
    '{"type":"profile","attributes":{"email":"ada@example.com"}}',
    '{"type":"profile","attributes":{"external_id":"7","email":"bo@example.com"}}',
    '{"type":"profile","attributes":{"external_id":"8"}}',
]
ERRORS = {
    "items": "errors",
    "count": "failed",
    "each": "error",
    "row": [{"by": "index", "at": "at"}, {"by": "key", "at": "record"}],
    "refused": {"reason": "why.text"},
}
RESULTS = {
    "items": "results",
    "each": "row",
    "row": {"by": "position"},
    "refused": {"when": {"status": ["error"]}, "reason": ["errors.0.message", "status"]},
}


def read(*items: object, rule: Any = ERRORS, refusals: int | None = None) -> Told:
    found = Told(ROWS, ("external_id", "email"), refusals=refusals)
    found.add(Outcomes.model_validate(rule), items)
    return found


def answer(*items: object, **options: Any) -> Answer:
    return read(*items, **options).answer(Idempotency.UPSERT)


@pytest.mark.parametrize(
    ("item", "position"),
    [
        ({"at": 2}, 2),
        ({"at": "2"}, 2),
        ({"at": "/data/attributes/profiles/data/1/attributes/email"}, 1),
        ({"at": "data[2].email"}, 2),
        ({"at": "/data/attributes/profiles/data/2"}, 2),
        ({"record": {"email": "BO@example.com"}}, 1),
        ({"record": {"attributes": {"external_id": "8"}}}, 2),
        ({"record": {"external_id": 8}}, 2),
        ({"record": "bo@example.com"}, 1),
        ({"record": 8}, 2),
        ({"at": 99, "record": {"email": "ada@example.com"}}, 0),
        ({"at": "/data/attributes", "record": {"email": "ada@example.com"}}, 0),
    ],
)
def test_a_rejected_record_is_found(item: dict[str, object], position: int) -> None:
    assert answer({**item, "why": {"text": "bad"}}) == Accepted({position: "bad"})


@pytest.mark.parametrize(
    "item",
    [{}, {"at": 3}, {"at": -1}, {"at": True}, {"record": {"email": "nobody@x.y"}}, {"record": "nobody"}],
)
def test_a_record_that_is_none_of_ours_is_looked_for_by_halving(item: dict[str, object]) -> None:
    told = read({**item, "why": {"text": "bad"}})
    reason = "the destination refused rows without naming them: bad"
    assert told.answer(Idempotency.UPSERT) == Split(reason)
    # The halves would have keys of their own, and good events would come twice.
    assert told.answer(Idempotency.APPEND_ONLY) == InDoubt(reason)


def test_the_first_reason_of_a_row_counts_and_none_is_said_to_be_none() -> None:
    assert answer({"at": 0, "why": {"text": "first"}}, {"at": 0}, {"at": 1}) == Accepted(
        {0: "first", 1: "rejected without a reason"}
    )


@pytest.mark.parametrize(
    ("refusals", "told"),
    [
        (1, Accepted({0: "rejected without a reason"})),
        (2, Split("the destination refused rows without naming them")),
        (3, Refused("the destination refused every row of the batch")),
        (4, InDoubt("the destination refused 4 of 3 rows, which proves nothing")),
        (0, InDoubt("the destination refused 0 rows and names 1")),
    ],
)
def test_as_many_rows_must_be_named_as_were_refused(refusals: int, told: Answer) -> None:
    assert answer({"at": 0}, refusals=refusals) == told


def test_a_row_without_an_entry_is_unknown_if_each_row_has_one() -> None:
    failed = {"status": "error", "errors": [{"message": "bad address"}]}
    assert answer({"status": "ok"}, failed, rule=RESULTS) == Accepted(
        {1: "bad address"}, {2: "the answer does not say what became of this row"}
    )


def test_an_entry_that_does_not_say_whether_it_was_refused_is_no_acceptance() -> None:
    told = answer({"status": "ok"}, {}, {"status": "error"}, rule=RESULTS)
    assert isinstance(told, Accepted)
    assert (told.rejected, set(told.unknown)) == ({2: "error"}, {1})


def test_a_state_that_is_not_declared_as_accepted_is_unknown() -> None:
    rule = {**RESULTS, "accepted": {"when": {"status": ["ok"]}}}
    told = answer({"status": "ok"}, {"status": "queued"}, {"status": "error"}, rule=rule)
    assert isinstance(told, Accepted)
    assert (told.rejected, set(told.unknown)) == ({2: "error"}, {1})


def test_an_accepted_row_has_the_id_that_the_rule_asks_for() -> None:
    rule = {**RESULTS, "remote_id": "id"}
    told = answer({"status": "ok", "id": "9"}, {"status": "ok"}, {"status": "ok", "id": ""}, rule=rule)
    assert isinstance(told, Accepted)
    assert set(told.unknown) == {1, 2}


def test_a_trace_names_one_row_or_several() -> None:
    told = Told(ROWS, ("external_id",))
    told.add(
        Outcomes.model_validate(
            {"items": "results", "each": "row", "row": {"by": "trace", "at": "trace"}, "remote_id": "id"}
        ),
        [{"trace": "0", "id": "51"}],
    )
    told.add(
        Outcomes.model_validate(
            {"items": "errors", "each": "error", "row": {"by": "trace", "at": "context.trace"}}
        ),
        [{"context": {"trace": ["row-1", "row-2"]}}],
    )
    none = "rejected without a reason"
    assert told.answer(Idempotency.UPSERT) == Accepted({1: none, 2: none})


def test_absent_and_present_tell_a_refusal() -> None:
    by_error = {**RESULTS, "refused": {"present": "error", "reason": "error.text"}}
    assert answer({"error": {"text": "no"}}, {}, {"error": None}, rule=by_error) == Accepted({0: "no"})
    by_id = {**RESULTS, "refused": {"absent": "id", "reason": "message"}}
    assert answer({"id": 1}, {"message": "no"}, {"id": 3}, rule=by_id) == Accepted({1: "no"})


def test_an_error_that_may_be_none_proves_nothing() -> None:
    rule = {**ERRORS, "refused": {"when": {"kind": ["error"]}}}
    assert answer({"kind": "warning", "at": 0}, rule=rule) == Accepted()
    with pytest.raises(NoEvidence, match="does not say whether its row was refused"):
        read({"at": 0}, rule=rule)


def page(body: bytes, kind: str = "application/json") -> Response:
    return Response(200, {"content-type": kind}, body)


def test_lists_of_texts_are_keys() -> None:
    rule = Outcomes.model_validate(
        {"items": ["emails", "ids"], "each": "error", "row": {"by": "key"}, "refused": {}}
    )
    told = Told(ROWS, ("external_id", "email"))
    for items in items_at(rule, page(b""), {"emails": ["ada@example.com"], "ids": [8]}):
        told.add(rule, items)
    assert set(told.rejected) == {0, 2}


@pytest.mark.parametrize("found", [3, "x", {}, [["a"]], [None]])
def test_something_else_in_place_of_a_list_proves_nothing(found: object) -> None:
    with pytest.raises(NoEvidence, match="errors is not a list of objects"):
        items_at(Outcomes.model_validate(ERRORS), page(b"{}"), {"errors": found})


CSV = Outcomes.model_validate(
    {
        "get": "/failed",
        "format": "csv",
        "items": "",
        "each": "error",
        "row": {"by": "key"},
        "refused": {"reason": "sf__Error"},
    }
)


def test_a_result_file_names_rows_by_their_key() -> None:
    content = b'\xef\xbb\xbf"sf__Error","email","external_id"\n"REQUIRED_FIELD:\n""name"",",,"7"\n'
    told = Told(ROWS, ("external_id", "email"))
    told.add(CSV, csv_records(page(content, "text/csv"), paths_of(CSV)))
    assert told.answer(Idempotency.UPSERT) == Accepted({1: 'REQUIRED_FIELD:\n"name",'})


@pytest.mark.parametrize(
    "content", [b"", b"<!doctype html>", b"email,external_id\na,b\n", b"sf__Error,email\nx\n", b"\xff\xfe"]
)
def test_a_result_file_that_is_none_proves_nothing(content: bytes) -> None:
    with pytest.raises(NoEvidence):
        csv_records(page(content, "text/csv"), paths_of(CSV))


COUNTED = {
    "items": "errors",
    "each": "error",
    "row": {"by": "index", "at": "at", "count": "count"},
    "refused": {"reason": "why.text"},
}


@pytest.mark.parametrize(
    ("item", "positions"),
    [
        ({"at": [0, 2], "count": "2"}, [0, 2]),
        ({"at": [0, 2], "count": 2}, [0, 2]),
        ({"at": [1], "count": 1}, [1]),
        ({"at": [0, 2], "count": "3"}, None),
        ({"at": [0, 0], "count": "2"}, None),
        ({"at": [0, 3], "count": "2"}, None),
        ({"at": [0, "x"], "count": "2"}, None),
        ({"at": [0]}, None),
        ({"at": [], "count": "0"}, None),
    ],
)
def test_a_list_of_positions_names_as_many_rows_as_it_counts(
    item: dict[str, object], positions: list[int] | None
) -> None:
    told = answer({**item, "why": {"text": "bad"}}, rule=COUNTED)
    assert told == (
        Split("the destination refused rows without naming them: bad")
        if positions is None
        else Accepted(dict.fromkeys(positions, "bad"))
    )


def test_a_list_in_the_order_of_the_rows_has_one_item_for_each() -> None:
    rule, response = Outcomes.model_validate(RESULTS), Response(200, {}, b"{}")
    Told(ROWS, ()).is_whole(rule, 3, response)
    for listed in (0, 2, 4):
        with pytest.raises(NoEvidence, match=f"it lists {listed} of the 3 rows sent"):
            Told(ROWS, ()).is_whole(rule, listed, response)
