"""Input that is strange or far too much of one thing: it ends quickly, and joins nobody without evidence."""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from cdp_cli.identity.in_memory_engine import connect
from cdp_cli.identity.prepare import prepare
from cdp_cli.identity.resolve import Resolution, resolve
from tests.conftest import ROOT
from tests.identity_sql import compiled
from tests.python.identity.people import groups, people, present

HARDLY_ANY_TIME = 60.0

Row = dict[str, Any]


def numbered(rows: Sequence[Row]) -> list[Row]:
    return [{"record_id": f"r{number:06}", **row} for number, row in enumerate(rows)]


def profiles(resolution: Resolution) -> set[frozenset[str]]:
    return groups(present(resolution.assigned))


def found(*rows: Row) -> set[frozenset[str]]:
    return profiles(resolve(people(*rows), compiled()))


def largest(resolution: Resolution) -> int:
    return max(len(records) for records in profiles(resolution))


@contextmanager
def in_hardly_any_time() -> Iterator[None]:
    """Far more than it takes on a slow machine, and far less than what grows with the square takes."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < HARDLY_ANY_TIME


def listed(table: str, columns: str, rows: Sequence[Row]) -> set[tuple[Any, ...]]:
    """The different rows of a model's columns."""
    connection = connect()
    prepare(connection, people(*rows), compiled())
    return set(connection.execute(f"select distinct {columns} from {table}").fetchall())


# One value on 100,000 records: an identifier that names differ on, one that nothing else tells of, a strong
# one, and plain attributes.
SHARED = [
    pytest.param([{"first_name": f"N{n}", "email": "till@shop.example"} for n in range(100_000)], id="email"),
    pytest.param([{"email": "till@shop.example"} for n in range(100_000)], id="email and nothing else"),
    pytest.param(
        [{"first_name": f"N{n}", "national_id": "AB12345X"} for n in range(100_000)], id="national id"
    ),
    pytest.param(
        [
            {"first_name": "Ann", "last_name": "Lee", "postcode": "N1", "birth_date": "1980-02-03"}
            for _ in range(100_000)
        ],
        id="name, postcode and birth date",
    ),
]


@pytest.mark.parametrize("rows", SHARED)
def test_a_value_on_a_hundred_thousand_records_joins_nobody_and_takes_seconds(rows: list[Row]) -> None:
    with in_hardly_any_time():
        resolution = resolve(people(*numbered(rows)), compiled())
    assert resolution.assigned.num_rows == 100_000
    assert resolution.pairs.num_rows == 0
    assert largest(resolution) == 1


def test_a_value_on_a_hundred_thousand_records_is_listed_as_junk_and_blocks_over_the_cap_as_skipped() -> None:
    rows = numbered([{"first_name": "Ann", "email": "till@shop.example"} for _ in range(100_000)])
    assert listed("identity_identifiers", "identifier_class, demoted_reason, count_records", rows) == {
        ("junk", "over max_records", 100_000)
    }
    skipped = listed("identity_blocks", "blocking_rule, is_skipped, count_records", rows)
    assert ("first_name", True, 100_000) in skipped
    assert not {rule for rule, is_skipped, _ in skipped if not is_skipped}


def test_a_chain_of_ten_thousand_values_is_no_person() -> None:
    """Each record shares its address with the one before and its telephone with the one after."""
    rows = [{"email": f"m{n // 2}@mail.example", "phone": f"+447900{(n + 1) // 2:06}"} for n in range(10_000)]
    with in_hardly_any_time():
        resolution = resolve(people(*numbered(rows)), compiled())
    assert resolution.pairs.num_rows == 9_999
    assert largest(resolution) <= 5


def test_a_chain_of_ten_thousand_records_that_are_like_their_neighbours_is_no_person() -> None:
    """Each record differs from the one before by one letter of a name."""
    chance = random.Random(1)
    first, last = list("abcdefgh"), list("qrstuvwx")
    rows: list[Row] = []
    for number in range(10_000):
        (first if number % 2 else last)[chance.randrange(8)] = chance.choice("abcdefghijklmnopqrstuvwxyz")
        rows.append({"first_name": "".join(first), "last_name": "".join(last), "city": "London"})
    with in_hardly_any_time():
        resolution = resolve(people(*numbered(rows)), compiled())
    assert resolution.pairs.num_rows > 9_000
    assert largest(resolution) < 50


def strangers(count: int) -> list[Row]:
    """People of names that they do not share, each with a loyalty card."""
    with (ROOT / "cdp_cli" / "demo" / "pools" / "first_names.csv").open(encoding="utf-8") as names:
        first = sorted({row["first_name"] for row in csv.DictReader(names)})[::5]
    ends = ("cher", "wner", "tello", "pont", "ksen", "kirk", "mann", "feld", "gaard", "vic")
    last = [start + end for end in ends for start in ("Ar", "Bro", "Cas", "Du", "Eri", "Fal", "Gro", "Hin")]
    return [
        {
            "first_name": first[number % len(first)],
            "last_name": last[number % len(last)],
            "loyalty_id": f"L{number:05}",
        }
        for number in range(count)
    ]


CONSTANTS: list[Row] = [
    {"gender": "f", "city": "London", "country": "GB"},
    {"birth_date": "1980-02-03"},
    {"postcode": "N1", "street_address": "1 High Street"},
    {"email": "info@shop.example", "phone": "+447900000001"},
    {"user_id": "0"},
    {"first_name": "Ann"},
    {"last_name": "Lee"},
]


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda constant: ", ".join(constant))
def test_a_column_of_one_constant_joins_nobody_and_parts_nobody(constant: Row) -> None:
    """People twice each, with names and a card of their own, and one thing that all of them have."""
    rows = numbered([{**person, **constant} for person in strangers(100) for _ in range(2)])
    twice = {frozenset((f"r{n:06}", f"r{n + 1:06}")) for n in range(0, len(rows), 2)}
    assert profiles(resolve(people(*rows), compiled())) == twice


def test_columns_that_are_all_null_are_nobody_in_common() -> None:
    rows = numbered([dict.fromkeys(("first_name", "email", "phone", "birth_date", "city"))] * 1_000)
    resolution = resolve(people(*rows), compiled())
    assert (resolution.pairs.num_rows, largest(resolution)) == (0, 1)


def test_text_of_nothing_is_no_value() -> None:
    columns = ("first_name", "last_name", "full_name", "street_address", "city", "postcode")
    blanks = ("", "   ", "-", "?", "\t", "\u200b")
    rows = numbered([dict.fromkeys(columns, blank) for blank in blanks for _ in range(20)])
    assert largest(resolve(people(*rows), compiled())) == 1


# The same name as two tools write it: (one spelling, the other).
SPELLINGS = [
    ("José", "JOSE"),
    ("José", "Jose\u0301"),
    ("Søren", "Soren"),
    ("Łukasz", "Lukasz"),
    ("Đorđe", "DORDE"),
    ("Strauß", "Strauss"),
    ("Ægir", "aegir"),
    ("Işık", "ISIK"),
    ("İbrahim", "ibrahim"),
    ("Nguyễn", "Nguyen"),
    ("Γιώργος", "ΓΙΩΡΓΟΣ"),
    ("Артём", "АРТЕМ"),
    ("مُحَمَّد", "محمد"),
    ("김민수", "\u1100\u1175\u11b7\u1106\u1175\u11ab\u1109\u116e"),
    ("Ann\u200b", "Ann"),
    ("O’Neil", "O'Neil"),
]


def test_a_name_in_two_spellings_is_read_as_one() -> None:
    rows = [
        {"record_id": f"{number:02} {name}", "first_name": name}
        for number, spellings in enumerate(SPELLINGS)
        for name in spellings
    ]
    read = listed("identity_records", "substring(record_id, 1, 2), first_name, record_hash", rows)
    assert len(read) == len(SPELLINGS)


def test_people_whose_names_two_tools_spell_differently_are_found() -> None:
    town, city = {"city": "København", "postcode": "1050"}, {"city": "Kobenhavn", "postcode": "1050"}
    written = [
        {"first_name": "Søren", "last_name": "Østergård", "birth_date": "1971-05-09", **town},
        {"first_name": "Soren", "last_name": "OSTERGARD", "birth_date": "1971-05-09", **city},
        {"first_name": "Ольга", "last_name": "Соловьёва", "birth_date": "1988-11-30", **town},
        {"first_name": "ОЛЬГА", "last_name": "СОЛОВЬЕВА", "birth_date": "1988-11-30", **city},
        {"full_name": "王小明", "birth_date": "1990-01-07", "email": "xm.wang@mail.example"},
        {"full_name": "王小明", "email": "xm.wang@mail.example"},
    ]
    together = {group for group in found(*written, *strangers(100)) if len(group) > 1}
    assert together == {frozenset("ab"), frozenset("cd"), frozenset("ef")}


def test_names_in_two_scripts_are_two_names() -> None:
    """Nothing here turns a script into another: an address of two first names is a household's."""
    both = ({"first_name": "Ольга"}, {"first_name": "Robert"})
    assert len(found(*({**row, "email": "family@mail.example"} for row in both))) == 2


def test_people_with_names_of_one_letter_do_not_match_everybody() -> None:
    rows = [{"first_name": first, "last_name": last} for first in "abcdefghij" for last in "klmnopqrst"]
    assert largest(resolve(people(*numbered(rows * 2)), compiled())) == 1


def test_a_home_of_people_with_names_of_one_letter_is_no_person() -> None:
    home = {"last_name": "x", "street_address": "1 High Street", "postcode": "N1", "city": "London"}
    rows = [{"first_name": letter, **home} for letter in "abcdefghijklmnop"]
    assert largest(resolve(people(*numbered(rows)), compiled())) == 1


def test_a_birth_date_in_the_future_is_unknown() -> None:
    written = ("2999-01-01", "9999-12-31", "2150", "2080-02-30", "2041-01-01 00:00:00")
    rows = numbered([{"first_name": "Ann", "birth_date": born} for born in written])
    assert listed("identity_records", "birth_date, birth_text", rows) == {(None, None)}


def test_a_birth_date_in_the_future_neither_joins_nor_parts() -> None:
    ann = {"first_name": "Ann", "last_name": "Archer"}
    unknown = found(ann, ann, {**ann, "email": "ann@mail.example"}, {"email": "ann@mail.example"})
    future = found(
        {**ann, "birth_date": "2999-01-01"},
        {**ann, "birth_date": "2999-01-01"},
        {**ann, "email": "ann@mail.example", "birth_date": "2050-01-01"},
        {"email": "ann@mail.example", "birth_date": "1960-01-01"},
    )
    assert future == unknown
