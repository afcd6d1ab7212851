"""docs/reference/bad-input.md lists what the tests hold, and that is a lot."""

from __future__ import annotations

from tests.end_to_end.bad_input_page import PAGE, page


def test_the_page_is_up_to_date_and_lists_at_least_thirty_cases() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.end_to_end.bad_input_page"
    assert page().count("\n| ") - 2 * page().count("\n## ") >= 30
