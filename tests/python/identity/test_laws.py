"""The laws of ids over random histories, played by the build's code: a part of benchmarks/histories.py."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.histories.laws import LEAST_EQUAL, play


# Each example is a world of many histories: a smaller one is found by its seed, and not by trying.
@given(st.integers(min_value=0, max_value=2**32))
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_random_histories_break_no_law(seed: int) -> None:
    tally = play(seed, histories=20)
    assert not tally.violations, f"seed {seed}"
    assert tally.share_equal >= LEAST_EQUAL, f"seed {seed}: {tally.differences}"
    assert tally.changes_of_id and tally.retired
