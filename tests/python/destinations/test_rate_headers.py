"""Limits that an answer states itself."""

from __future__ import annotations

import pytest

from cdp_cli.destinations.rate_headers import RateHeaders


@pytest.mark.parametrize(
    ("unit", "remaining", "reset", "pause"),
    [
        ("seconds", "0", "30", 30.0),
        ("seconds", "1", "30", None),
        ("seconds", "-1", "30", 30.0),
        ("milliseconds", "0", "1500", 1.5),
        ("epoch", "0", "1030", 30.0),
        ("epoch", "0", "900", 0.0),
        ("epoch_milliseconds", "0", "1030000", 30.0),
        ("epoch", "0", "99999999999", 86_400.0),
        ("seconds", "0", "soon", None),
        ("seconds", "none", "30", None),
    ],
)
def test_a_pause_ends_when_the_header_says(
    unit: str, remaining: str, reset: str, pause: float | None
) -> None:
    rule = RateHeaders.model_validate({"remaining": "X-Remaining", "reset": "X-Reset", "unit": unit})
    assert rule.pause({"x-remaining": remaining, "x-reset": reset}, now=1000.0) == pause


def test_an_answer_without_the_headers_asks_for_no_pause() -> None:
    assert RateHeaders(remaining="X-Remaining", reset="X-Reset").pause({"x-remaining": "0"}, 0.0) is None
