"""Rate windows: all hold at once, and all processes that use an account share them."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_cli.destinations import rates
from cdp_cli.destinations.base import Destination, Retry, Verb
from cdp_cli.destinations.rates import PATIENCE_SECONDS, RateLimit
from cdp_cli.errors import FixConfiguration
from cdp_cli.receiver import Receiver
from tests.python.destinations.conftest import batch

Windows = Sequence[tuple[int, float]]


class Clock:
    """A machine's clock that a test sets."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limit(tmp_path: Path, clock: Clock) -> Callable[..., RateLimit]:
    return lambda *windows: RateLimit(tmp_path / "rates" / "one.rate", windows, clock)


Limit = Callable[..., RateLimit]


def test_all_windows_hold_at_once(limit: Limit) -> None:
    one = limit((3, 1.0), (5, 60.0))
    waits = [one.reserve() for _ in range(6)]
    assert waits[:3] == [0, 0, 0]  # the burst
    assert waits[3:5] == [1, 1]  # the next second
    assert waits[5] == 60  # the minute


def test_a_window_slides(limit: Limit, clock: Clock) -> None:
    one, start = limit((2, 10.0)), clock.now
    waits = []
    for clock.now in (start, start + 9, start + 9.5, start + 9.5):
        waits.append(one.reserve())
    assert waits == [0, 0, 0.5, 9.5]


def test_without_windows_there_is_no_file_and_no_wait_but_for_a_pause(limit: Limit, tmp_path: Path) -> None:
    one = limit()
    assert [one.reserve() for _ in range(1000)] == [0] * 1000
    one.pause(5.0, time.monotonic())
    assert one.reserve() == pytest.approx(5, abs=0.5)
    assert not list(tmp_path.rglob("*"))


def test_a_pause_holds_everybody_back(limit: Limit, clock: Clock) -> None:
    one, other = limit((100, 1.0)), limit((100, 1.0))
    one.pause(5.0, time.monotonic())
    one.pause(2.0, time.monotonic())
    clock.now += 1
    assert other.reserve() == pytest.approx(4.0, abs=0.1)


def test_a_pause_counts_from_the_answer(limit: Limit) -> None:
    one = limit((100, 1.0))
    one.pause(50.0, time.monotonic() - 20)
    assert one.reserve() == pytest.approx(30, abs=0.5)


def test_a_pause_ends_after_a_day_whatever_the_destination_said(limit: Limit, clock: Clock) -> None:
    one = limit((1, 1.0))
    one.pause(1e12, time.monotonic())
    clock.now += 86_400
    assert one.reserve() == 0


def test_a_place_too_far_away_is_not_taken(limit: Limit, clock: Clock) -> None:
    one = limit((1, 3600.0))
    assert [one.reserve(), one.reserve()] == [0, 3600]
    clock.now += 3600
    assert one.reserve() == 0


def test_windows_that_become_larger_keep_what_was_sent(limit: Limit) -> None:
    small, large = limit((2, 60.0)), limit((4, 60.0))
    assert [small.reserve(), small.reserve(), small.reserve()] == [0, 0, 60]
    assert [large.reserve(), large.reserve()] == [60, 60]  # never before one that is noted
    assert small.reserve() == 120


def test_one_account_has_one_limit(state_home: Path) -> None:
    one = rates.shared("account:secret", "import", [(1, 1.0)])
    assert one is rates.shared("account:secret", "import", [(1, 1.0)])
    assert one is not rates.shared("other", "import", [(1, 1.0)])
    one.reserve()
    (file,) = state_home.rglob("*.rate")
    assert "account" not in str(file.relative_to(state_home))
    assert b"secret" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(FixConfiguration, match=rf"kept in {tmp_path}/file/cdp/rates \(Not a directory\)"):
        rates.shared("account", "import", [(1, 1.0)]).reserve()


def test_no_place_is_noted_through_a_symbolic_link(limit: Limit, tmp_path: Path) -> None:
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "one.rate").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FixConfiguration, match="cannot be kept"):
        limit((1, 1.0)).reserve()
    assert not (tmp_path / "elsewhere").exists()


def test_a_clock_set_back_neither_forgets_what_was_sent_nor_blocks(limit: Limit, clock: Clock) -> None:
    one = limit((2, 10.0))
    one.reserve(), one.reserve()
    clock.now += 4
    assert limit((2, 10.0)).reserve() == 6
    clock.now -= 1_000_000
    assert one.reserve() == 6
    clock.now += 6
    assert one.reserve() == pytest.approx(10)


def test_a_clock_set_back_does_not_prolong_a_pause(limit: Limit, clock: Clock) -> None:
    one = limit((2, 10.0))
    one.pause(30.0, time.monotonic())
    clock.now -= 500_000
    assert one.reserve() == pytest.approx(30, abs=0.5)


_DAMAGE = st.one_of(
    st.binary(min_size=1, max_size=200).map(lambda other: lambda good: other),
    st.floats(0.01, 0.99).map(lambda share: lambda good: good[: int(len(good) * share) or 1]),
    st.floats(0, 0.5).map(lambda share: lambda good: _flipped(good, int(len(good) * share))),
)


def _flipped(good: bytes, at: int) -> bytes:
    return good[:at] + bytes([good[at] ^ 255]) + good[at + 1 :]


@settings(max_examples=60, deadline=None)
@given(_DAMAGE)
def test_a_damaged_file_starts_anew_after_the_shortest_window(damage: Callable[[bytes], bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, clock = Path(folder) / "one.rate", Clock()
        one = RateLimit(path, [(3, 7.0), (5, 60.0)], clock)
        for _ in range(5):
            one.reserve()
        clock.now += 1000
        path.write_bytes(damage(path.read_bytes()))
        assert [one.reserve() for _ in range(4)] == [7, 7, 7, 14]
        clock.now += 100
        assert one.reserve() == 0


_STEPS = st.lists(
    st.tuples(
        st.floats(0, 30),  # seconds since the last step
        st.integers(0, 2),  # the process
        st.sampled_from([None] * 6 + [0.5, 5.0, 40.0]),  # a pause
        st.sampled_from([0.0] * 8 + [-3600.0, -0.01]),  # by how much the clock was set back
    ),
    max_size=60,
)
_WINDOWS = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([1.0, 10.0, 60.0])), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(_WINDOWS, _STEPS)
def test_no_period_has_more_requests_than_its_window(windows: Windows, steps: list) -> None:  # type: ignore[type-arg]
    with tempfile.TemporaryDirectory() as folder:
        clock, true_now = Clock(), 0.0
        processes = [RateLimit(Path(folder) / "one.rate", windows, clock) for _ in range(3)]
        sent: list[float] = []
        paused_until = 0.0
        for seconds, process, pause, set_back in steps:
            clock.now += seconds + set_back
            true_now += seconds
            if pause is not None:
                processes[process].pause(pause, time.monotonic())
                paused_until = max(paused_until, true_now + pause)
            waited = processes[process].reserve()
            # No sooner than the law allows. Later only if the clock was set back: then time stands still.
            soonest = max(
                true_now,
                paused_until,
                *(sent[-count] + length for count, length in windows if len(sent) >= count),
                0,
            )
            assert true_now + waited >= soonest - 0.05
            if not any(back for _, _, _, back in steps):
                assert true_now + waited == pytest.approx(soonest, abs=0.05)
            if waited <= PATIENCE_SECONDS:
                sent.append(true_now + waited)
        for count, length in windows:
            for first, last in zip(sent, sent[count:], strict=False):
                assert last - first >= length - 0.05


_CHILD = """
import sys, time
from pathlib import Path
from cdp_cli.destinations import rates
from cdp_cli.http import Http

url, seconds = sys.argv[1], float(sys.argv[2])
limit = rates.shared("account", "import", [(20, 1.0)])
http = Http(url, {}, 5)
end = time.monotonic() + seconds
while time.monotonic() < end:
    limit.wait()
    http.request("GET", "/")
"""


@contextmanager
def counting() -> Iterator[tuple[str, list[float]]]:
    """A server that takes the time of each request."""
    listening = socket.create_server(("127.0.0.1", 0))
    times: list[float] = []

    def talk(connection: socket.socket) -> None:
        with connection:
            while connection.recv(65536):
                times.append(time.monotonic())
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", times
    listening.close()


def test_two_processes_together_keep_to_the_windows() -> None:
    with counting() as (url, times):
        children = [subprocess.Popen([sys.executable, "-c", _CHILD, url, "4"]) for _ in range(2)]
        assert [child.wait(30) for child in children] == [0, 0]
    assert 60 <= len(times) <= 122  # for four to five seconds, and what waited at the end
    # The way to the server takes a request more or less time: not the whole second is looked at.
    for first, last in zip(times, times[20:], strict=False):
        assert last - first > 0.7


def test_a_pause_of_one_process_holds_the_other_back() -> None:
    code = (
        "import time; from cdp_cli.destinations import rates; "
        "rates.shared('account', 'import', [(20, 1.0)]).pause(3600, time.monotonic())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert rates.shared("account", "import", [(20, 1.0)]).wait() == pytest.approx(3600, abs=10)
    assert rates.shared("account", "job", [(20, 1.0)]).wait() is None


def test_a_process_that_is_killed_leaves_no_lock(limit: Limit, tmp_path: Path) -> None:
    one = limit((100_000, 1.0))
    one.reserve()
    code = (
        "import fcntl, os, sys, time; file = os.open(sys.argv[1], os.O_RDWR); "
        "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    path = str(tmp_path / "rates" / "one.rate")
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        waiting = threading.Thread(target=one.reserve)
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        os.kill(holder.pid, signal.SIGKILL)
        waiting.join(5)
        assert not waiting.is_alive()


def test_a_place_in_a_large_window_is_quick_to_take(limit: Limit, clock: Clock) -> None:
    one = limit((50, 0.001), (5000, 60.0), (1_000_000, 86_400.0))
    began = time.process_time()
    for _ in range(1000):
        clock.now += 0.02
        assert one.reserve() == 0
    assert time.process_time() - began < 1  # a millisecond each


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
