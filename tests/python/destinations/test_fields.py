"""Normalisers and hashes."""

from __future__ import annotations

import hashlib

import duckdb
import pytest

from cdp_cli.destinations.base import Verb
from cdp_cli.destinations.fields import HASHES, expression
from cdp_cli.destinations.objects import DestinationObject
from tests.python.destinations.conftest import SqlText, invalid


def normalised(value: str | None, *steps: str, hashed: str | None = None) -> str | None:
    value_sql = expression("v", steps)
    sql = f'select {HASHES[hashed](value_sql) if hashed else value_sql} from (select ?::varchar as "v")'
    found = duckdb.connect().execute(sql, [value]).fetchone()
    assert found is not None
    return str(found[0]) if found[0] is not None else None


@pytest.mark.parametrize(
    ("steps", "value", "becomes"),
    [
        (["trim"], "  a b ", "a b"),
        (["trim"], "   ", None),
        (["trim", "lower"], " Ä ", "ä"),
        (["upper"], "de", "DE"),
        (["digits"], "+49 (30) 12", "493012"),
        (["email"], " Ada@Example.COM ", "ada@example.com"),
        (["email"], "ada@example", None),
        (["email"], "ada@@example.com", None),
        (["email"], "ada example.com", None),
        (["email", "gmail"], "Ada.L+shop.x@GMail.com", "adal@gmail.com"),
        (["email", "gmail"], "ada.l@googlemail.com", "adal@googlemail.com"),
        (["email", "gmail"], "ada.l+shop@example.com", "ada.l+shop@example.com"),
        (["email", "gmail"], "ada.l@notgmail.com", "ada.l@notgmail.com"),
        (["email", "gmail"], "gmail.com", None),
        (["e164"], "+49 (30) 123456-78", "+493012345678"),
        (["e164"], "030 123456", None),
        (["e164"], "+0301234567", None),
        (["email"], None, None),
        ([], "  as it is ", "  as it is "),
    ],
)
def test_a_step_does_what_its_name_says(steps: list[str], value: str | None, becomes: str | None) -> None:
    assert normalised(value, *steps) == becomes


def test_a_hash_is_of_the_normalised_text() -> None:
    assert normalised(" Ada@X.de", "email", hashed="sha256") == hashlib.sha256(b"ada@x.de").hexdigest()
    assert normalised("nothing", "email", hashed="sha256") is None


def test_rows_that_cannot_be_sent_say_why(open_object) -> None:  # type: ignore[no-untyped-def]
    there: DestinationObject = open_object("newsletter", "profiles")
    rows = [
        {"external_id": "p1", "email": None, "properties.score": 1.5},
        {"external_id": None, "email": "no address", "properties.score": 1.5},
        {"external_id": "p3", "email": None, "properties.score": SqlText("'nan'::double")},
        {"external_id": "p4", "email": None, "properties.score": SqlText("'-inf'::double")},
    ]
    assert invalid(there, Verb.UPSERT, rows) == [
        None,
        "no usable external_id or email",
        "properties.score is not a finite number",
        "properties.score is not a finite number",
    ]
