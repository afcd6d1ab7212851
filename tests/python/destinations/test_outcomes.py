"""Which row of a batch an answer means."""

from __future__ import annotations

import pytest

from cdp_cli.destinations.definition import Rejected
from cdp_cli.destinations.outcomes import Rejections

ROWS = [
    '{"type":"profile","attributes":{"email":"ada@example.com"}}',
    '{"type":"profile","attributes":{"external_id":"7","email":"bo@example.com"}}',
    '{"type":"profile","attributes":{"external_id":"8"}}',
]
RULE = Rejected(items="errors", index="at", key="record", reason="why.text")


def read(*items: object) -> Rejections:
    found = Rejections(RULE, ("external_id", "email"), ROWS)
    found.add(items)
    return found


@pytest.mark.parametrize(
    ("item", "position"),
    [
        ({"at": 2}, 2),
        ({"at": "/data/attributes/profiles/data/1/attributes/email"}, 1),
        ({"at": "data[2].email"}, 2),
        ({"at": "/data/attributes/profiles/data/2"}, 2),
        ({"record": {"email": "BO@example.com"}}, 1),
        ({"record": {"attributes": {"external_id": "8"}}}, 2),
        ({"record": {"external_id": 8}}, 2),
        ({"at": 99, "record": {"email": "ada@example.com"}}, 0),
        ({"at": "/data/attributes", "record": {"email": "ada@example.com"}}, 0),
    ],
)
def test_a_rejected_record_is_found(item: dict[str, object], position: int) -> None:
    assert read({**item, "why": {"text": "bad"}}).by_position == {position: "bad"}


@pytest.mark.parametrize(
    "item", [{}, {"at": 3}, {"at": -1}, {"at": True}, {"record": {"email": "nobody@x.y"}}]
)
def test_a_record_that_is_none_of_ours_is_kept_as_unknown(item: dict[str, object]) -> None:
    found = read({**item, "why": {"text": "bad"}})
    assert (found.by_position, found.unknown) == ({}, ["bad"])


def test_the_first_reason_of_a_row_counts_and_none_is_said_to_be_none() -> None:
    assert read({"at": 0, "why": {"text": "first"}}, {"at": 0}, {"at": 1}).by_position == {
        0: "first",
        1: "rejected without a reason",
    }
