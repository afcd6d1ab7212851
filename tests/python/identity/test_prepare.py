"""What the SQL models make of records: names, identifiers and their classes, blocks."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from cdp_cli.identity.in_memory_engine import connect
from cdp_cli.identity.prepare import prepare
from tests.conftest import ENGINE
from tests.identity_sql import compiled
from tests.python.identity.people import people


def table(name: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    connection = connect()
    prepare(connection, people(*rows), compiled())
    found: list[dict[str, Any]] = (
        connection.sql(f"select * from {name} order by record_id").to_arrow_table().to_pylist()
    )
    return found


@pytest.mark.parametrize(
    ("given", "first_name", "last_name"),
    [
        ({"first_name": "  José ", "last_name": "O'Brien-Smith"}, "jose", "obrien smith"),
        ({"full_name": "Dr. Ann Mary Lee"}, "ann", "lee"),
        ({"full_name": "Lee, Ann"}, "ann", "lee"),
        ({"first_name": "Sir", "last_name": "Lee", "full_name": "Sir Bo Lee"}, "bo", "lee"),
        ({"first_name": "Earl", "last_name": "Bishop"}, "earl", "bishop"),
        ({"first_name": "J. E.", "last_name": "Lee"}, "j", "lee"),
        ({"first_name": "test", "last_name": "Lee"}, None, "lee"),
        ({"first_name": "", "last_name": "  "}, None, None),
        ({"first_name": "Ольга", "last_name": "Иванова"}, "ольга", "иванова"),
        ({"first_name": "X", "last_name": "Y"}, "x", "y"),
    ],
)
def test_names_are_read_for_comparison(
    given: dict[str, Any], first_name: str | None, last_name: str | None
) -> None:
    record = table("identity_records", given)[0]
    assert (record["first_name"], record["last_name"]) == (first_name, last_name)


@pytest.mark.parametrize(
    ("birth_date", "whole", "text"),
    [
        ("1984-03-09", "1984-03-09", "1984-03-09"),
        ("1984-02-31", None, "1984-02-31"),
        ("1984", None, "1984"),
        ("1900-01-01", None, None),
        (None, None, None),
    ],
)
def test_a_birth_date_is_whole_or_partial_or_a_default(
    birth_date: str | None, whole: str | None, text: str | None
) -> None:
    record = table("identity_records", {"birth_date": birth_date, "first_name": "Ann"})[0]
    assert (record["birth_date"], record["birth_text"]) == (whole, text)


@pytest.mark.parametrize(
    ("email", "first_name", "last_name"),
    [
        ("anthony_smith96@example.com", "anthony", "smith"),
        ("smith.anthony@example.com", "anthony", "smith"),
        ("asmith7@example.com", "a", "smith"),
        ("anthonys@example.com", "anthony", None),
        ("rockstar@example.com", None, None),
        ("family.smith@example.com", None, None),
    ],
)
def test_a_name_is_read_from_an_address_where_the_record_has_none(
    email: str, first_name: str | None, last_name: str | None
) -> None:
    named = {"first_name": "Anthony", "last_name": "Smith"}
    record = table("identity_records", named, {"email": email})[1]
    assert (record["email_first_name"], record["email_last_name"]) == (first_name, last_name)


def classes(*rows: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {
        row["record_id"]: (row["identifier_class"], row["demoted_reason"])
        for row in table("identity_identifiers", *rows)
    }


def test_a_value_of_one_person_is_personal_whatever_the_spelling() -> None:
    names = ("Robert", "Bob", "Robrt", "R.", "Rob")
    found = classes(*({"first_name": name, "email": "bob@example.com"} for name in names))
    assert set(found.values()) == {("personal", None)}


def test_a_nickname_with_a_slip_is_the_same_person() -> None:
    found = classes(*({"first_name": name, "email": "lee@example.com"} for name in ("Rosemary", "Orse")))
    assert set(found.values()) == {("personal", None)}


def test_a_value_of_two_first_names_is_a_households() -> None:
    found = classes(*({"first_name": name, "email": "lee@example.com"} for name in ("Ann", "Robert")))
    assert set(found.values()) == {("household", "over max_profiles_per_value")}


def test_parent_and_child_of_one_name_are_a_household() -> None:
    found = classes(
        *(
            {"first_name": "Ann", "email": "a@example.com", "birth_date": born}
            for born in ("1950-01-02", "1981-03-04")
        )
    )
    assert set(found.values()) == {("household", "over max_profiles_per_value")}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"email": "noemail@example.com"}, ("junk", "blocked: placeholder")),
        ({"email": "not an address"}, ("junk", "malformed")),
        ({"email": "family.lee@example.com"}, ("household", "a shared address")),
        ({"phone": "0000000000"}, ("junk", "blocked: placeholder")),
        ({"phone": "12"}, ("junk", "malformed")),
        ({"phone": "+493012345678"}, ("household", "a landline")),
        ({"phone": "+4915112345678"}, ("personal", None)),
        ({"phone": "+12125550123"}, ("personal", None)),
        ({"national_id": "000000000"}, ("junk", "blocked: placeholder")),
    ],
)
def test_a_value_alone_can_say_what_it_is(given: dict[str, Any], expected: tuple[str, str | None]) -> None:
    assert classes(given) == {"a": expected}


def test_two_names_of_one_birth_date_on_a_value_are_one_person() -> None:
    phone, born = "+447700900123", "1984-03-09"
    xanedr = {"first_name": "Xanedr", "birth_date": born, "phone": phone}
    robert = {"first_name": "Robert", "birth_date": born, "phone": phone}
    assert set(classes(xanedr, robert).values()) == {("personal", None)}
    later = {**robert, "birth_date": "1985-03-09"}
    assert set(classes(xanedr, later).values()) == {("household", "over max_profiles_per_value")}


@pytest.mark.parametrize(
    ("known", "written", "expected"),
    [
        (["+447700900123"], "07700900123", "+447700900123"),
        (["+13125550123"], "3125550123", "+13125550123"),
        # Two countries have such a number: nobody knows whose it is.
        (["+447700900123", "+317700900123"], "07700900123", "07700900123"),
        (["+447700900124"], "07700900123", "07700900123"),
        (["+4532123456"], "32123456", "32123456"),
    ],
)
def test_a_number_without_a_country_is_the_one_that_ends_with_it(
    known: list[str], written: str, expected: str
) -> None:
    rows = [{"record_id": f"a{number}", "phone": phone} for number, phone in enumerate(known)]
    records = table("identity_records", *rows, {"record_id": "z", "phone": written})
    assert records[-1]["phone"] == expected


def test_a_browser_of_two_accounts_is_a_households() -> None:
    found = classes(*({"anonymous_id": "x", "user_id": user} for user in ("1", "2")))
    assert ("household", "over max_user_ids") in found.values()


def test_a_value_of_very_many_records_is_junk() -> None:
    rows = [
        {"record_id": f"r{number}", "first_name": "Ann", "email": "ann@example.com"} for number in range(61)
    ]
    assert set(classes(*rows).values()) == {("junk", "over max_records")}


def test_a_changed_record_has_another_hash_and_an_equal_one_the_same() -> None:
    first, second = table("identity_records", {"first_name": "Ann"}, {"first_name": " ANN "})
    assert first["record_hash"] == second["record_hash"]
    assert first["record_hash"] != table("identity_records", {"first_name": "Anna"})[0]["record_hash"]


def test_a_block_over_the_cap_is_marked_and_reported() -> None:
    rows = [
        {"record_id": f"r{number:03}", "first_name": f"Ann{number}", "postcode": "X1"} for number in range(60)
    ]
    blocks = [row for row in table("identity_blocks", *rows) if row["blocking_rule"] == "postcode"]
    assert len(blocks) == 60 and all(row["is_skipped"] for row in blocks)


def test_each_key_is_a_blocking_rule_with_a_cap_and_listed_in_blocks() -> None:
    same = {"full_name": "Ann Lee", "birth_date": "1980-01-02", "email": "annlee1980@mail.example",
            "phone": "+447700900123", "street_address": "1 High Street", "city": "York",
            "postcode": "YO1 7HH", "national_id": "AB123456C"}  # fmt: skip
    keys = set(table("identity_keys", same)[0]) - {"record_id"}
    with (ENGINE / "seeds" / "identity" / "blocking_rules.csv").open(encoding="utf-8") as lines:
        assert {row["blocking_rule"] for row in csv.DictReader(lines)} == keys
    other = {**same, "full_name": "Bob Lee", "birth_date": "1950-01-02"}
    # Twice the same person, and two people on one set of values.
    found = {
        row["blocking_rule"]
        for rows in ((same, same), (same, other))
        for row in table("identity_blocks", *rows)
    }
    assert found == keys
