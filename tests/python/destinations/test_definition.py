"""A destination's YAML: what is wrong in it is named by file and key path."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_cli.destinations import find_destinations, load_definition
from cdp_cli.destinations.answers import Answers
from cdp_cli.destinations.definition import windows
from cdp_cli.errors import FixConfiguration

WEBHOOK = (
    find_destinations()["webhook"]
    .read_text(encoding="utf-8")
    .replace("destination: webhook", "destination: own_webhook")
)

CASES = [
    ("timeout: 30 ", "time_out: 30 ", "unknown key time_out."),
    (
        "rows: 1000,",
        "rows: 1000, row_count: 1,",
        "unknown key objects.*.upsert.batch.row_count (7 more like it).",
    ),
    ("rows: 1000", "rows: 0", "objects.*.upsert.batch.rows: input should be greater than 0"),
    ("bytes: 1MB", "bytes: 1 parsec", "objects.*.upsert.batch.bytes: input should be a valid integer"),
    ("[50/s]", "[50/fortnight]", "limits.default.0: '50/fortnight' is not a rate like 10/s, 100/10s, 150/m"),
    (
        "      limit: default",
        "      limit: slow",
        "objects.* uses the limit 'slow', which limits does not have.",
    ),
    ('post: ""\n      limit', 'post: ""\n      get: /x\n      limit', "give exactly one of get, post"),
    ("idempotency: keyed", "idempotency: lucky", "objects.*.idempotency: input should be 'keyed', 'upsert'"),
    ("idempotency: keyed", "idempotency: readback", "objects.*.idempotency: readback is for destinations"),
    (", secret: signing_secret}", "}", "auth: sign and secret go together."),
    (
        "sign: standard_webhooks, secret",
        "bearer: signing_secret, secret",
        "auth: sign and secret go together.",
    ),
    ("secret: signing_secret}", "secret: whsec_literal}", "auth.secret names none of the secrets"),
    (
        "row: {by: index, at: index}",
        "row: {by: index}",
        "give `at` for index and trace, and not for position",
    ),
    ("each: error, ", "", "the key objects.*.upsert.outcomes.each is missing"),
    ("each: error,", "each: row, count: 'rows[0]',", "'rows[0]' is not a path of keys and positions"),
    ('{description: "Any', '{normalise: shout, description: "Any', "'shout' is not a normaliser; there are"),
    (
        '{description: "Any',
        '{hash: rot13, description: "Any',
        "'rot13' is not a hash; there are md5, sha256.",
    ),
    (
        "      row: $fields",
        "      row: {all: [$fields.x, $everything]}",
        "'$everything' has a $name that is not",
    ),
    ("      row: $fields", "      row: 'mail $fields.x'", "'mail $fields.x' has a $name that is not"),
    ("      row: $fields", "      row: {$fields: 1}", "the key '$fields' is not filled in"),
    ("data: $rows}", "data: $rows, list: '{list-id}'}", "upsert.body: {list-id} is unknown; there are"),
    ("data: $rows}", "data: $rowss}", "upsert.body must hold $rows or $row once, and holds 0"),
    ("data: $rows}", "data: $row}", "upsert.body holds $row, which needs batch.rows: 1"),
    ('post: ""\n      limit', 'post: "/{org}"\n      limit', "upsert.post: {org} is unknown; there are"),
    ("{items: rejected,", "{items: 'rows[?status==error]',", "'rows[?status==error]' is not a path of keys"),
    ("{items: rejected,", "{items: rejected, params: {a: $x},", "outcomes.params: '$x' has a $name"),
    ("application/json}", "application/json, X-Team: '{team}'}", "headers: {team} is unknown"),
    ("absent: [error,", "absent: ['error.*',", "'error.*' is not a path of keys and positions"),
    ("        body: json_or_empty", "        body: anything", "upsert.accept.body: input should be 'json'"),
    (
        "batch: {rows: 1000",
        "answers: {done: [404]}\n      batch: {rows: 1000",
        "answers.done needs batch.rows: 1",
    ),
    ("      accept: ", "      acccept: ", "unknown key objects.*.upsert.acccept"),
    ("destination: own_webhook", "destination: wehbook", "destination is 'wehbook'."),
    ("destination: own_webhook", "channel: own_webhook", "channel is now called destination."),
    (
        "destination: own_webhook",
        "destination: own_webhook\ndestination: own_webhook",
        "line 2: the key 'destination' is given twice.",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), CASES, ids=[new for _, new, _ in CASES])
def test_a_mistake_in_a_destination_is_named(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    assert old in WEBHOOK
    path = tmp_path / "destinations" / "own_webhook.yml"
    path.parent.mkdir()
    path.write_text(WEBHOOK.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FixConfiguration) as caught:
        load_definition("own_webhook", tmp_path)
    assert str(path) in caught.value.problem
    assert sentence in caught.value.problem


def test_an_operation_without_evidence_does_not_load(tmp_path: Path) -> None:
    head, _, rest = WEBHOOK.partition("      accept: ")
    path = tmp_path / "destinations" / "own_webhook.yml"
    path.parent.mkdir()
    path.write_text(head + rest[rest.index("    create:") :], encoding="utf-8")
    with pytest.raises(FixConfiguration, match=r"upsert\.accept is missing"):
        load_definition("own_webhook", tmp_path)


def test_what_was_not_processed_is_no_refusal() -> None:
    # RFC 9110, 15.5.20, and RFC 8470, 5.2
    assert [Answers().meaning(status) for status in (421, 425)] == ["retry", "retry"]


def test_the_more_exact_status_wins() -> None:
    answers = Answers(retry=(500,), done=(404,))
    meanings = {
        status: answers.meaning(status) for status in (200, 204, 301, 401, 404, 418, 429, 500, 503, 507)
    }
    assert meanings == {
        200: "done",
        204: "done",
        301: "check",
        401: "check",
        404: "done",
        418: "refuse",
        429: "refuse",
        500: "retry",
        503: "doubt",
        507: "doubt",
    }


def test_a_rate_may_have_a_window_of_several_seconds() -> None:
    assert windows(("10/s", "100/10s", "5000/d")) == [(10, 1.0), (100, 10.0), (5000, 86_400.0)]
