"""What is logged names no person."""

from __future__ import annotations

import pytest

from cdp_cli.log import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent to bo.lind+x@mail.example.com now", "sent to <e-mail> now"),
        ("called +44 7700 900123 twice", "called <phone> twice"),
        ("batch 17 of 2026-11-21", "batch 17 of 2026-11-21"),
    ],
)
def test_people_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
