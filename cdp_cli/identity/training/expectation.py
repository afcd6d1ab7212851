"""Expectation maximisation over several samples of pairs at once.

A sample is a set of pairs found in one way: random pairs, which are nearly all strangers, or the pairs of a
blocking rule, which says nothing about the comparisons that it blocks on (Fellegi and Sunter 1969; Winkler
1988). m is learnt from all blocked samples together, u from the random pairs. Each sample has its own share
of matches. Priors count as a few pairs, so a level that was never seen or a sample of few pairs needs no
special case.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RANDOM = "random"

_MOST_ITERATIONS = 100
_CONVERGED = 1e-5
# What the priors weigh, in pairs at a level: all levels of a comparison together for m, each level for u.
_PRIOR_MATCHES = 30.0
_PRIOR_STRANGERS = 0.5
_FIRST_SHARE = 0.5
_FIRST_RANDOM_SHARE = 0.001


@dataclass(frozen=True)
class PairSample:
    """Pairs found in one way, counted by pattern.

    `patterns` has one row a pattern and one column a comparison: the level, 0 being plain difference, or -1
    where unknown. `used` are the columns that the sample blocks on, or that follow from those. `sampled` is
    the share of the sample's pairs that are counted.
    """

    name: str
    patterns: Integers
    counts: Floats
    used: tuple[int, ...] = ()
    sampled: float = 1.0


@dataclass(frozen=True)
class Parameters:
    """m and u by comparison and level, and each sample's share of matches.

    `change` is the most that a parameter changed in the last round: `fit` ends where it is small.
    """

    m: list[Floats]
    u: list[Floats]
    shares: dict[str, float]
    iterations: int
    change: float

    @property
    def converged(self) -> bool:
        """Whether the last round changed next to nothing, and did not merely come last."""
        return self.change < _CONVERGED


def fit(
    samples: Sequence[PairSample],
    prior_m: Sequence[Floats],
    prior_u: Sequence[Floats],
    held: Collection[int] = (),
) -> Parameters:
    """The parameters that make the samples most likely. One sample is named `random`.

    Comparisons that are `held`, by position, keep their priors.
    """
    m = [values / values.sum() for values in prior_m]
    random = next(sample for sample in samples if sample.name == RANDOM)
    u = [
        _strangers(_counts(random, position, random.counts, len(values)), values)
        for position, values in enumerate(prior_u)
    ]
    for position in held:
        u[position] = prior_u[position] / prior_u[position].sum()
    shares = {
        sample.name: _FIRST_RANDOM_SHARE if sample.name == RANDOM else _FIRST_SHARE for sample in samples
    }
    iterations, change = 0, 1.0
    while iterations < _MOST_ITERATIONS:
        iterations += 1
        m_counts = [_PRIOR_MATCHES * values / values.sum() for values in prior_m]
        u_counts = [np.zeros(len(values)) for values in prior_m]
        for sample in samples:
            matches = posterior(sample, m, u, shares[sample.name]) * sample.counts
            prior = _FIRST_RANDOM_SHARE if sample.name == RANDOM else _FIRST_SHARE
            # A prior of two pairs keeps the share of a sample of few pairs off the ends.
            shares[sample.name] = float((matches.sum() + 2.0 * prior) / (sample.counts.sum() + 2.0))
            for position in range(len(m)):
                if sample.name == RANDOM:
                    u_counts[position] += _counts(sample, position, sample.counts - matches, len(m[position]))
                elif position not in sample.used:
                    m_counts[position] += _counts(sample, position, matches, len(m[position]))
        new_m = [values / values.sum() for values in m_counts]
        new_u = [_strangers(counts, prior) for counts, prior in zip(u_counts, prior_u, strict=True)]
        for position in held:
            new_m[position], new_u[position] = m[position], u[position]
        change = max(float(np.abs(new - old).max()) for new, old in zip(new_m + new_u, m + u, strict=True))
        m, u = new_m, new_u
        if change < _CONVERGED:
            break
    return Parameters(m, u, shares, iterations, change)


def posterior(sample: PairSample, m: Sequence[Floats], u: Sequence[Floats], share: float) -> Floats:
    """The probability that a pair of each pattern is a match, where `share` of the sample's pairs are."""
    weight = np.full(len(sample.counts), np.log(share) - np.log1p(-share))
    for position, (m_values, u_values) in enumerate(zip(m, u, strict=True)):
        if position not in sample.used:
            levels = sample.patterns[:, position]
            ratio = np.log(m_values) - np.log(u_values)
            weight += np.where(levels >= 0, ratio[levels], 0.0)
    return np.asarray(1.0 / (1.0 + np.exp(-weight)), dtype=np.float64)


def _counts(sample: PairSample, position: int, weights: Floats, levels: int) -> Floats:
    known = sample.patterns[:, position] >= 0
    counted: Any = np.bincount(sample.patterns[known, position], weights[known], levels)
    return np.asarray(counted, dtype=np.float64)


def _strangers(counts: Floats, prior: Floats) -> Floats:
    # Half a pair at each level, of as many pairs as the prior needs for it: a rare level that nobody is at
    # keeps its prior until so many pairs were seen, a common one follows the data at once.
    smoothed: Floats = (counts + _PRIOR_STRANGERS) / (counts.sum() + _PRIOR_STRANGERS * prior.sum() / prior)
    return np.asarray(smoothed / smoothed.sum(), dtype=np.float64)
