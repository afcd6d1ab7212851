from __future__ import annotations

import numpy as np

from cdp_cli.identity.training.expectation import RANDOM, PairSample, fit, posterior

PRIOR_M = [np.array([0.1, 0.9]), np.array([0.2, 0.8]), np.array([0.1, 0.9])]
PRIOR_U = [np.array([0.9, 0.1]), np.array([0.9, 0.1]), np.array([0.9, 0.1])]


def drawn(
    name: str, share: float, m: list[float], u: list[float], pairs: int, used: tuple[int, ...] = ()
) -> PairSample:
    """Expected counts of a sample whose comparisons agree with m for matches and with u for strangers."""
    patterns = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    counts = np.zeros(len(patterns))
    for row, pattern in enumerate(patterns):
        if any(pattern[position] == 0 for position in used):
            continue
        free = [position for position in range(3) if position not in used]
        match = np.prod([m[i] if pattern[i] else 1 - m[i] for i in free])
        stranger = np.prod([u[i] if pattern[i] else 1 - u[i] for i in free])
        counts[row] = pairs * (share * match + (1 - share) * stranger)
    return PairSample(name, patterns, counts, used)


def test_planted_parameters_are_found_again() -> None:
    m, u = [0.8, 0.7, 0.95], [0.01, 0.02, 0.05]
    samples = [
        drawn(RANDOM, 0.0001, m, u, 300_000),
        drawn("first", 0.6, m, u, 20_000, (0,)),
        drawn("last", 0.8, m, u, 20_000, (2,)),
    ]
    found = fit(samples, PRIOR_M, PRIOR_U)
    assert np.allclose([values[1] for values in found.m], m, atol=0.03)
    assert np.allclose([values[1] for values in found.u], u, atol=0.005)
    assert abs(found.shares["first"] - 0.6) < 0.03


def test_a_sample_without_pairs_leaves_the_priors() -> None:
    empty = PairSample("email", np.zeros((0, 3), dtype=np.int64), np.zeros(0))
    random = PairSample(RANDOM, np.zeros((0, 3), dtype=np.int64), np.zeros(0))
    found = fit([random, empty], PRIOR_M, PRIOR_U)
    assert all(np.allclose(values, prior) for values, prior in zip(found.m, PRIOR_M, strict=True))
    assert all(np.allclose(values, prior) for values, prior in zip(found.u, PRIOR_U, strict=True))


def test_no_parameter_is_ever_zero() -> None:
    sample = PairSample("email", np.array([[1, 1, 1]]), np.array([5000.0]))
    random = PairSample(RANDOM, np.array([[0, 0, 0]]), np.array([300_000.0]))
    found = fit([random, sample], PRIOR_M, PRIOR_U)
    assert all((values > 0).all() for values in found.m + found.u)


def test_an_unknown_value_is_no_evidence() -> None:
    sample = PairSample("any", np.array([[-1, -1, -1]]), np.array([1.0]))
    assert np.allclose(posterior(sample, PRIOR_M, PRIOR_U, 0.3), 0.3)
