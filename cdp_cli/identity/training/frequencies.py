"""Term frequencies: how much more a rare value says than a common one, frozen with the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cdp_cli.identity.engine import Engine
from cdp_cli.identity.linking.comparisons import Comparison
from cdp_cli.identity.training.expectation import Floats, Parameters

# Parameters are stored with so many digits, which also makes them independent of the order of addition.
_DIGITS = 6
_LEAST_FREQUENCY = 2


def term_frequencies(
    engine: Engine, comparisons: Sequence[Comparison], parameters: Parameters, others: float
) -> dict[str, dict[str, float]]:
    """By column and value, what takes the place of u at the level that a value adjusts.

    It is the level's u for a value of average frequency, and more or less by as much as a value is more or
    less frequent than that. `others` are the further records that a record's person has on average: they
    mostly repeat a value without making it common, so they do not count.
    """
    frequencies: dict[str, dict[str, float]] = {}
    for comparison, m, u in zip(comparisons, parameters.m, parameters.u, strict=True):
        levels = [
            (level.term_frequency, float(share), float(stranger))
            for level, share, stranger in zip(comparison.levels[:0:-1], m, u, strict=True)
            if level.term_frequency
        ]
        if not levels:
            continue
        repeated = others * sum(share for _, share, _ in levels)
        # The columns of one comparison hold the same values, each for a level of its own.
        values = levels[0][0]
        filled = counted_rows(engine, f"select count({values}) as answer from features")
        counted = engine.arrow(
            f"select {values} as value, count(*) as count_records from features "
            f"where {values} is not null group by {values} "
            f"having count(*) >= {_LEAST_FREQUENCY} order by value"
        )
        shares = np.maximum(counted.column("count_records").to_numpy() - repeated, 1.0) / filled
        # That two strangers share any value is as probable as the squares of shares add up to.
        average = float(np.square(shares).sum())
        for column, _, stranger in levels:
            adjusted = np.minimum(stranger * shares / average, 1.0).tolist()
            frequencies[column] = dict(
                zip(counted.column("value").to_pylist(), map(rounded, adjusted), strict=True)
            )
    return frequencies


def rounded(value: Floats | float) -> float:
    """A parameter as a model stores it."""
    return float(f"{float(value):.{_DIGITS}g}")


def counted_rows(engine: Engine, sql: str) -> int:
    """The one number that a query returns."""
    return int(engine.arrow(sql).column(0)[0].as_py())
