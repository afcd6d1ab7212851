"""Ids of the destination's own: asked for in its way, and what happens to those it does not have."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_cli.destinations.base import Accepted, Answer, Destination, Retry, Split, Verb
from cdp_cli.errors import CheckDestination, FixConfiguration
from tests.python.destinations.conftest import batch
from tests.python.destinations.vendor import Asked, Open, Says, Vendor, opened, vendor

__all__ = ["opened", "vendor"]

PEOPLE = [{"external_id": "p1", "email": "ada@example.com"}, {"external_id": "p2", "email": "bo@example.com"}]
BY_POST = """
post: /search
body: {property: "{field}", inputs: $values}
each: {id: "{value}"}
by: [external_id, email]
values: 100
items: results
value: "properties.{field}"
id: id
row: "{id}"
sample: {results: [{id: "1", properties: {external_id: p1}}]}
"""
BY_ID = """
get: /people/{value}
by: [external_id]
values: 1
items: people
value: "{field}"
id: id
row: {id: "{id}"}
answers: {done: [404]}
"""
BY_LIST = """
get: /people
params: {ids: "{plain_values}"}
by: [external_id]
values: 100
items: people
value: "{field}"
id: id
row: {id: "{id}"}
"""


def yaml(lookup: str) -> str:
    lines = "\n".join(f"        {line}" for line in lookup.strip().splitlines())
    operation = f"""
      post: /members
      batch: {{rows: 100, bytes: 1MB}}
      row: $match
      body: {{ids: $rows}}
      accept: {{source: https://vendor.example/members}}
      lookup:
{lines}
"""
    return f"""
error: message
objects:
  people:
    description: People.
    match: [external_id, email]
    idempotency: upsert
    fields: {{external_id: {{}}, email: {{}}}}
    add_member: {operation}
    remove_member: {operation}
"""


def send(there: Destination, verb: Verb, rows: list[dict[str, Any]] = PEOPLE) -> Answer:
    return there.send(batch(there, verb, rows))


def knows(*people: dict[str, str]) -> Any:
    def answers(asked: Asked) -> Says:
        if asked.path == "/members":
            return Says({})
        if asked.path == "/search":
            field, inputs = asked.json()["property"], [one["id"] for one in asked.json()["inputs"]]
            found = [one for one in people if one.get(field) in inputs]
            return Says({"results": [{"id": one["id"], "properties": one} for one in found]})
        wanted = asked.query["ids"].split(",") if asked.query else [asked.path.rpartition("/")[2]]
        found = [one for one in people if one["external_id"] in wanted]
        return Says({"people": found}) if found or asked.query else Says({"message": "no such person"}, 404)

    return answers


def test_values_are_looked_up_by_a_body(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(BY_POST))
    vendor.answers = knows({"id": "51", "external_id": "p1"}, {"id": "52", "email": "bo@example.com"})
    assert send(there, Verb.ADD_MEMBER) == Accepted()
    assert [asked.json() for asked in vendor.asked] == [
        {"property": "external_id", "inputs": [{"id": "p1"}, {"id": "p2"}]},
        {"property": "email", "inputs": [{"id": "bo@example.com"}]},
        {"ids": ["51", "52"]},
    ]


@pytest.mark.parametrize(
    ("verb", "missing", "told"),
    [
        (Verb.ADD_MEMBER, "", Accepted({1: "the destination does not know this row"})),
        (Verb.REMOVE_MEMBER, "", Accepted()),
        (Verb.ADD_MEMBER, "absent", Accepted()),
        (Verb.REMOVE_MEMBER, "refuse", Accepted({1: "the destination does not know this row"})),
        (Verb.ADD_MEMBER, "retry", Retry("the destination does not know all rows yet")),
    ],
)
def test_who_is_missing_is_what_the_yaml_says(
    verb: Verb, missing: str, told: Answer, opened: Open, vendor: Vendor
) -> None:
    there = opened(yaml(f"{BY_POST}\nmissing: {missing}" if missing else BY_POST))
    vendor.answers = knows({"id": "51", "external_id": "p1"})
    assert send(there, verb) == told
    assert ("POST /members" in vendor.lines) is (missing != "retry")


def test_a_404_of_one_person_is_absence_if_the_vendor_says_so(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(BY_ID))
    vendor.answers = knows({"id": "51", "external_id": "p1"})
    assert send(there, Verb.REMOVE_MEMBER) == Accepted()
    assert vendor.asked[-1].json() == {"ids": [{"id": "51"}]}
    vendor.says(Says("<html>not here</html>", 404, {"Content-Type": "text/html"}))
    with pytest.raises(CheckDestination):
        send(there, Verb.REMOVE_MEMBER)


def test_values_with_commas_are_not_joined_by_commas(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(BY_LIST))
    vendor.answers = knows({"id": "51", "external_id": "p1"})
    assert send(there, Verb.REMOVE_MEMBER) == Accepted()
    assert vendor.asked[0].query == {"ids": "p1,p2"}
    told = send(there, Verb.REMOVE_MEMBER, [{"external_id": "p,1"}])
    assert told == Split("a value to look up has a comma in it")


def test_a_dot_segment_is_not_looked_up(opened: Open, vendor: Vendor) -> None:
    there = opened(yaml(BY_ID))
    assert isinstance(send(there, Verb.REMOVE_MEMBER, [{"external_id": ".."}]), Split)
    assert vendor.asked == []


def test_two_rows_of_one_id_have_one_outcome(opened: Open, vendor: Vendor) -> None:
    outcomes = "outcomes: {items: errors, each: error, row: {by: index, at: index}}"
    accept = "accept: {source: https://vendor.example/members"
    text = yaml(BY_POST).replace(f"{accept}}}", f"{accept}, absent: []}}\n      {outcomes}")
    there = opened(text)
    both = knows({"id": "51", "external_id": "p1"}, {"id": "51", "email": "bo@example.com"})
    vendor.answers = lambda asked: (
        Says({"errors": [{"index": 0}]}) if asked.path == "/members" else both(asked)
    )
    none = "rejected without a reason"
    assert send(there, Verb.ADD_MEMBER) == Accepted({0: none, 1: none})


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("items: results", "items: result", "lookup.sample has no result"),
        ("id: id", "id: vid", "lookup.sample has no item with vid"),
        ('"properties.{field}"', '"{field}"', "lookup.sample has no item with external_id"),
        ("each: {id: ", "each: {id: '{val}', x: ", "lookup.each: {val} is unknown"),
        ("values: 100", "values: 100\nanswers: {done: [404]}", "answers.done needs values: 1"),
        ("missing: no", "missing: no", ""),
    ],
)
def test_a_mistake_in_a_look_up_does_not_load(old: str, new: str, sentence: str, opened: Open) -> None:
    given = f"{BY_POST}\nmissing: nobody" if old == new else BY_POST.replace(old, new, 1)
    with pytest.raises(FixConfiguration) as caught:
        opened(yaml(given))
    assert (sentence or "missing: input should be 'retry', 'absent' or 'refuse'") in caught.value.problem


def test_values_are_quoted_for_a_query(opened: Open, vendor: Vendor) -> None:
    quoted = BY_LIST.replace('ids: "{plain_values}"', 'ids: "select id where x in ({quoted_values})"')
    there = opened(yaml(quoted))
    vendor.says(Says({"people": []}))
    send(there, Verb.REMOVE_MEMBER, [{"external_id": "o'neil, jr"}, {"external_id": "a\\b"}])
    assert vendor.asked[0].query["ids"] == r"select id where x in ('o\'neil, jr','a\\b')"


def test_the_field_of_an_item_may_be_a_setting(opened: Open, vendor: Vendor) -> None:
    by_setting = BY_POST.replace('"properties.{field}"', '"properties.{key}"').replace(
        "external_id: p1", "number: p1"
    )
    settings = "settings: {key: {description: The key., default: number}}\n"
    there = opened(settings + yaml(by_setting))
    vendor.answers = lambda asked: (
        Says({"results": [{"id": "51", "properties": {"number": "p1"}}]})
        if asked.path == "/search"
        else Says({})
    )
    assert send(there, Verb.REMOVE_MEMBER, PEOPLE[:1]) == Accepted()
    assert vendor.asked[-1].json() == {"ids": ["51"]}
