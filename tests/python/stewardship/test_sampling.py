"""Accuracy from a sample: the draw is a draw, and the interval holds the truth as often as it says."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from cdp_cli.identity.clustering.decisions import SCHEMA
from cdp_cli.stewardship.decisions import decide
from cdp_cli.stewardship.sampling import draw, estimate
from tests.python.identity.people import day


def pairs(*probabilities: float) -> pa.Table:
    return pa.table(
        {
            "left_record_id": [f"a{number:05}" for number in range(len(probabilities))],
            "right_record_id": [f"b{number:05}" for number in range(len(probabilities))],
            "match_probability": list(probabilities),
        }
    )


def judged(drawn: list[tuple[str, str]], same: set[str], origin: str = "sample") -> pa.Table:
    rows = [
        decide(left, right, "same" if left in same else "different", "bo", "seen", day(1), origin)
        for left, right in drawn
    ]
    return pa.concat_tables([SCHEMA.empty_table(), *rows])


MANY = pairs(*([0.2] * 500 + [0.4] * 300 + [0.9] * 200 + [0.9999] * 3000))


def test_a_sample_takes_as_many_of_each_stratum() -> None:
    drawn = draw(MANY, 40)
    assert len(set(drawn)) == 40
    numbers = [int(left[1:]) for left, _ in drawn]
    strata = [sum(low <= number < high for number in numbers) for low, high in
              ((0, 500), (500, 800), (800, 1000), (1000, 4000))]  # fmt: skip
    assert strata == [10, 10, 10, 10]


def test_a_sample_is_the_same_for_a_seed_and_goes_on_where_it_ended() -> None:
    assert draw(MANY, 20, seed=1) == draw(MANY, 20, seed=1)
    assert draw(MANY, 20, seed=1) != draw(MANY, 20, seed=2)
    assert draw(MANY, 40, seed=1)[:20] == draw(MANY, 20, seed=1)
    shuffled = MANY.take(random.Random(3).sample(range(MANY.num_rows), MANY.num_rows))
    assert draw(shuffled, 20, seed=1) == draw(MANY, 20, seed=1)


def test_pairs_below_review_are_not_drawn() -> None:
    assert draw(pairs(0.05, 0.5), 5) == [("a00001", "b00001")]


def test_answers_that_no_sample_asked_for_say_nothing_of_the_rest() -> None:
    auto, _ = estimate(MANY, judged(draw(MANY, 40), set(), origin="review"))
    assert (auto.judged, auto.precision) == (0, None)


def test_strata_are_weighed_by_their_pairs() -> None:
    drawn = draw(MANY, 40)
    # Of the sure pairs those at 0.9 are wrong and those at 0.9999 right.
    right = {left for left, _ in drawn if int(left[1:]) >= 1000}
    auto, review = estimate(MANY, judged(drawn, right))
    assert auto.precision is not None and auto.low is not None and auto.high is not None
    assert auto.precision == pytest.approx(3000 / 3200, abs=1e-4)
    assert auto.low < auto.precision < auto.high
    assert (review.precision, review.covered) == (0.0, 1.0)
    assert [stratum.judged for stratum in auto.strata] == [10, 10]


def test_a_stratum_without_answers_is_not_covered() -> None:
    drawn = [pair for pair in draw(MANY, 40) if int(pair[0][1:]) >= 1000]
    auto, _ = estimate(MANY, judged(drawn, {left for left, _ in drawn}))
    assert auto.covered == pytest.approx(3000 / 3200, abs=1e-4)
    assert auto.precision == 1.0


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    chance = random.Random(5)
    true = {
        f"a{n:05}" for n in range(4000) if chance.random() < (0.2 if n < 500 else 0.6 if n < 800 else 0.95)
    }
    share = sum(f"a{n:05}" in true for n in range(800, 4000)) / 3200
    hits = 0
    for seed in range(60):
        auto, _ = estimate(MANY, judged(draw(MANY, 80, seed), true))
        assert auto.low is not None and auto.high is not None
        hits += auto.low <= share <= auto.high
    assert hits >= 54


def test_the_interval_of_one_stratum_is_that_of_wilson() -> None:
    # Newcombe 1998, table I: none of 20 is at most 0.1611.
    sure = pairs(*([0.9999] * 100_000))
    auto, _ = estimate(sure, judged(draw(sure, 20), set()))
    assert auto.high == pytest.approx(0.1611, abs=1e-4)
