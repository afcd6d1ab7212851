"""What training learns where comparisons depend on each other, and from values that one person repeats."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import log2

import pyarrow as pa

from cdp_cli.identity.resolve import resolve
from cdp_cli.identity.training.trained_model import Model
from tests.identity_sql import compiled

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
    return resolve(pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))), compiled()).model


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


def test_a_persons_own_records_do_not_make_a_name_common() -> None:
    alone, shared = names(4, 100), names(5, 50)
    people = iter([*alone, *shared, *shared])

    def named(chance: random.Random) -> tuple[str, str]:
        return next(people), chance.choice(LAST)

    # Everybody has six records: a name of two people stands on twelve, one of a single person on six.
    frequencies = trained(named, [6] * 200).frequencies["first_name"]
    of_one = sorted(frequencies[name] for name in alone)[50]
    of_two = sorted(frequencies[name] for name in shared)[25]
    assert of_two / of_one > 2.5
