"""What training learns where comparisons depend on each other, and from values that one person repeats."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import log2

import pyarrow as pa

from cdp_cli.identity.resolve import resolve
from cdp_cli.identity.training import Model
from tests.conftest import ROOT

LETTERS = "bcdfghklmnprstvz"


def names(seed: int, count: int) -> list[str]:
    """Names that resemble each other no more than chance has it."""
    chance = random.Random(seed)
    return ["".join(chance.choice(LETTERS) + chance.choice("aeiou") for _ in range(4)) for _ in range(count)]


FIRST, LAST = names(1, 24), names(2, 24)


def trained(named: Callable[[random.Random], tuple[str, str]], records: Sequence[int]) -> Model:
    """A model of people with names that are drawn, and with so many records each under one address."""
    chance = random.Random(3)
    rows = []
    for person, count in enumerate(records):
        first, last = named(chance)
        for copy in range(count):
            rows.append(
                (f"r{person}_{copy}", "crm", first, last, f"x{chance.random()}"[2:12] + f"{person}@a.com")
            )
            if copy:
                rows[-1] = (*rows[-1][:4], rows[-2][4])
    columns = ("record_id", "source", "first_name", "last_name", "email")
    return resolve(pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))), ROOT).model


def weight(model: Model, comparison: str, label: str) -> float:
    levels = next(c for c in model.settings["comparisons"] if c["output_column_name"] == comparison)
    level = next(at for at in levels["comparison_levels"] if at["label_for_charts"] == label)
    return log2(level["m_probability"] / level["u_probability"])


def test_names_that_come_together_count_for_less_than_each_by_itself() -> None:
    def of_one_language(chance: random.Random) -> tuple[str, str]:
        side = 12 * chance.randrange(2)
        return FIRST[side + chance.randrange(12)], LAST[side + chance.randrange(12)]

    def of_none(chance: random.Random) -> tuple[str, str]:
        return chance.choice(FIRST), chance.choice(LAST)

    # Twice as many strangers share both names as chance alone would have it.
    assert -1.4 < weight(trained(of_one_language, [2] * 600), "both_names", "same") < -0.6
    assert -0.3 < weight(trained(of_none, [2] * 600), "both_names", "same") <= 0


def test_a_name_is_as_rare_as_its_people_however_many_records_they_have() -> None:
    def one_each(chance: random.Random) -> tuple[str, str]:
        return chance.choice(FIRST), chance.choice(LAST)

    often = [8] * 40 + [1] * 400
    frequencies = trained(one_each, often).frequencies["first_name"]
    once = trained(one_each, [1] * 440).frequencies["first_name"]
    ratio = [frequencies[name] / once[name] for name in once if name in frequencies]
    assert 0.5 < sorted(ratio)[len(ratio) // 2] < 1.6
