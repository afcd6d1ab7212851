"""Rate windows: all hold at once, and all who share an account share them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cdp_cli.destinations import rates
from cdp_cli.destinations.base import Destination, Retry, Verb
from cdp_cli.destinations.rates import RateLimit
from cdp_cli.receiver import Receiver
from tests.python.destinations.conftest import batch


def test_all_windows_hold_at_once() -> None:
    limit = RateLimit([(3, 1.0), (5, 60.0)])
    waits = [limit.reserve(100.0) for _ in range(6)]
    assert waits[:3] == [0, 0, 0]  # the burst
    assert waits[3:5] == [1, 1]  # the next second
    assert waits[5] == 60  # the minute


def test_a_window_slides() -> None:
    limit = RateLimit([(2, 10.0)])
    assert [limit.reserve(0.0), limit.reserve(9.0), limit.reserve(9.5)] == [0, 0, 0.5]
    assert limit.reserve(9.5) == pytest.approx(9.5)


def test_no_window_never_waits() -> None:
    limit = RateLimit([])
    assert [limit.reserve(0.0) for _ in range(1000)] == [0] * 1000


def test_a_pause_holds_everybody_back() -> None:
    limit = RateLimit([(100, 1.0)])
    limit.pause(5.0, now=0.0)
    limit.pause(2.0, now=0.0)
    assert limit.reserve(1.0) == 4.0


def test_a_place_too_far_away_is_not_taken() -> None:
    limit = RateLimit([(1, 3600.0)])
    assert limit.reserve(0.0) == 0
    assert limit.reserve(0.0) == 3600
    assert limit.reserve(3600.0) == 0


def test_one_account_has_one_limit() -> None:
    assert rates.shared("account", "import", [(1, 1.0)]) is rates.shared("account", "import", [(1, 1.0)])
    assert rates.shared("account", "import", [(1, 1.0)]) is not rates.shared("other", "import", [(1, 1.0)])


def test_a_long_retry_after_is_handed_to_the_engine_and_nobody_else_sends(
    open_object: Callable[[str, str], Destination], receiver: Receiver
) -> None:
    one, other = open_object("newsletter", "profiles"), open_object("newsletter", "vip_list")
    receiver.fail(kind="status", status=429, retry_after=3600, times=1)
    people = [{"external_id": "p1"}]
    assert one.send(batch(one, Verb.UPSERT, people)) == Retry("HTTP 429: refused on request", 3600)
    answer = other.send(batch(other, Verb.ADD_MEMBER, people))
    assert isinstance(answer, Retry)
    assert answer.after == pytest.approx(3600, abs=10)
    assert len(receiver.requests) == 0  # the first met the fault, the second was never sent
