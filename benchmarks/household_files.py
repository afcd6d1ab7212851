"""Two files of the same households, each person at most once a file: what a register is matched with.

Families share surname and address, which says nothing about which of them a record is; birth dates, first
names and the promise that a file has nobody twice have to tell. One record in three has a slip, a nickname,
an initial or a gap, one in twenty another address.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pyarrow as pa

POOLS = Path(__file__).resolve().parents[1] / "cdp_cli" / "demo" / "pools"
FILES = ("a", "b")
COVERAGE = 0.93

_STREETS = (
    "High Street", "Station Road", "Mill Lane", "Church Street", "Park Avenue", "Victoria Road",
    "London Road", "Green Lane", "York Street", "School Lane",
)  # fmt: skip
_AREAS, _UNITS, _LETTERS = "ABCDEGLMNS", "ABDEFG", "abcdefghijklmnopqrstuvwxyz"


def generate(households: int, seed: int) -> pa.Table:
    """Records of both files in the person vocabulary, with person_id, the truth; in random order."""
    draw = random.Random(seed)
    first_names = [row for row in _pool("first_names") if row["language"] == "en"]
    parts = [row for row in _pool("surname_parts") if row["language"] == "en"]
    surnames = [row["text"] for row in parts if row["part"] == "whole"]
    made_up = {row["part"]: [r["text"] for r in parts if r["part"] == row["part"]] for row in parts}
    beginnings, ends = (texts for part, texts in made_up.items() if part != "whole")
    surnames += [beginning + end for beginning in beginnings for end in ends]
    records: list[dict[str, Any]] = []
    for _ in range(households):
        for person in _household(draw, first_names, surnames):
            person["person_id"] = f"person-{len(records)}"
            records += [
                {"record_id": f"{file}{len(records)}", "source": file} | _written(draw, person, surnames)
                for file in FILES
                if draw.random() < COVERAGE
            ]
    draw.shuffle(records)
    return pa.Table.from_pylist(records)


def _pool(name: str) -> list[dict[str, str]]:
    with (POOLS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _frequent(draw: random.Random, pool: list[Any]) -> Any:
    """One of a pool, its beginning far more often than its end."""
    return pool[min(int(draw.expovariate(5 / len(pool))), len(pool) - 1)]


def _household(
    draw: random.Random, first_names: list[dict[str, str]], surnames: list[str]
) -> list[dict[str, Any]]:
    """Its people: two of one generation, and their children."""
    surname = _frequent(draw, surnames)
    home = {
        "street_address": f"{draw.randint(1, 150)} {draw.choice(_STREETS)}",
        "postcode": f"{draw.choice(_AREAS)}{draw.choice(_AREAS)}{draw.randint(1, 20)} "
        f"{draw.randint(1, 9)}{draw.choice(_UNITS)}{draw.choice(_UNITS)}",
    }
    parents_born = draw.randint(1930, 1990)
    people: list[dict[str, Any]] = []
    for member in range(draw.choice((1, 1, 2, 2, 2, 3, 4, 4, 5))):
        name = _frequent(draw, first_names)
        if any(name["first_name"] == other["first_name"] for other in people):
            name = draw.choice(first_names)
        born = parents_born + (draw.randint(-4, 4) if member < 2 else draw.randint(22, 38))
        own_surname = member == 1 and draw.random() < 0.2
        people.append(
            {
                **name,
                **home,
                "last_name": _frequent(draw, surnames) if own_surname else surname,
                "birth_date": f"{born}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}",
            }
        )
    return people


def _written(draw: random.Random, person: dict[str, Any], surnames: list[str]) -> dict[str, Any]:
    """A person as one of the files has them."""
    nicknames = [nickname for nickname in person["nicknames"].split("|") if nickname]
    way = draw.random()
    first: str | None = person["first_name"]
    if way < 0.05:
        first = _slipped(draw, person["first_name"])
    elif way < 0.08 and nicknames:
        first = draw.choice(nicknames)
    elif way < 0.10:
        first = person["first_name"][0]
    elif way < 0.12:
        first = None
    last = person["last_name"]
    if draw.random() < 0.02:
        last = _frequent(draw, surnames)
    elif draw.random() < 0.04:
        last = _slipped(draw, last)
    year, _, day = person["birth_date"].split("-")
    born: str | None = person["birth_date"]
    if draw.random() < 0.05:
        born = f"{year}-{draw.randint(1, 12):02d}-{day}"
    elif draw.random() < 0.03:
        born = None
    street, postcode = person["street_address"], person["postcode"]
    if draw.random() < 0.05:
        street, postcode = f"{draw.randint(1, 150)} New Road", f"ZZ{draw.randint(1, 20)} 1AA"
    elif draw.random() < 0.05:
        street = _slipped(draw, street)
    return {
        "first_name": first, "last_name": last, "birth_date": born, "gender": person["gender"],
        "street_address": street, "postcode": postcode, "person_id": person["person_id"],
    }  # fmt: skip


def _slipped(draw: random.Random, text: str) -> str:
    """A text with one letter left out, swapped with the next or wrong, the first and the last kept."""
    if len(text) < 3:
        return text
    at = draw.randrange(1, len(text) - 1)
    way = draw.random()
    if way < 0.4:
        return text[:at] + text[at + 1 :]
    if way < 0.7:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + draw.choice(_LETTERS) + text[at + 1 :]
