"""Rate windows, shared by all processes of a user on this machine: one small file for each account and limit.

All windows of a limit hold at once. They slide: in any period of a window's length there are at most its
requests. The file is a header and a ring of the latest send times. Each access holds `flock`, which the
kernel releases when a process dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cdp_cli.errors import FixConfiguration

# The longest sleep on the caller's thread. If more is needed, the engine is told when to try again.
PATIENCE_SECONDS = 90.0
# A file keeps a pause after its process ends: a nonsensical Retry-After must not close an account for years.
LONGEST_PAUSE_SECONDS = 86_400.0

Windows = Sequence[tuple[int, float]]  # (requests, seconds)

_MAGIC = b"cdprate1"
_HEADER = struct.Struct("<8sQQddd")  # magic, places in the ring, requests so far, and the three times below
_PLACE = struct.Struct("<d")  # a send time
_CHECKSUM = struct.Struct("<I")
_HEADER_BYTES, _PLACE_BYTES = _HEADER.size + _CHECKSUM.size, _PLACE.size + _CHECKSUM.size


class _Damaged(Exception):
    """The file is not what we wrote."""


@dataclass
class _State:
    """The header of a file.

    Its clock never goes back: when the machine's clock is set back, `offset` grows by as much, so what was
    sent stays as long ago as it was.
    """

    places: int
    count: int = 0
    offset: float = 0.0  # seconds from the machine's clock to the file's
    latest: float = 0.0  # the time of the last access, by the file's clock
    paused_until: float = 0.0  # by the file's clock

    def now(self, clock: float) -> float:
        """The time by the file's clock."""
        self.offset = max(self.offset, self.latest - clock)
        self.latest = max(self.latest, clock + self.offset)
        return self.latest


class RateLimit:
    """The windows of one limit of one account. Without windows there is no file: processes share no pause."""

    def __init__(self, path: Path, windows: Windows, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._windows = tuple(windows)
        self._clock = clock
        self._places = max((count for count, _ in self._windows), default=0)
        self._paused_until = 0.0  # monotonic; without windows

    def reserve(self) -> float:
        """Take the next free place and return the seconds until it. Not taken beyond PATIENCE_SECONDS.

        Raises FixConfiguration if the file cannot be written.
        """
        if not self._windows:
            return max(0.0, self._paused_until - time.monotonic())
        with self._locked() as file:
            state = self._read(file)
            now = state.now(self._clock())
            start = max(now, state.paused_until)
            try:
                for count, seconds in ((1, 0.0), *self._windows):  # never before the latest
                    # The request `count` places before ours must have left the window by then.
                    if state.count >= count:
                        start = max(start, _sent_at(file, state, state.count - count) + seconds)
            except _Damaged:
                state = self._anew()
                start = state.paused_until = (now := state.now(self._clock())) + self._shortest()
            if start - now <= PATIENCE_SECONDS:
                _note(file, state, start)
            _write_header(file, state)
            return start - now

    def pause(self, seconds: float, now: float) -> None:
        """Let no request be sent until `seconds` after `now`, which is on the clock of time.monotonic().

        A day at most: a longer pause would outlive the mistake that caused it.
        """
        seconds = min(seconds, LONGEST_PAUSE_SECONDS)
        if not self._windows:
            self._paused_until = max(self._paused_until, now + seconds)
            return
        with self._locked() as file:
            state = self._read(file)
            until = state.now(self._clock()) + seconds - (time.monotonic() - now)
            state.paused_until = max(state.paused_until, until)
            _write_header(file, state)

    def wait(self) -> float | None:
        """Sleep until we may send; if that takes too long, return the seconds instead."""
        seconds = self.reserve()
        if seconds > PATIENCE_SECONDS:
            return seconds
        if seconds > 0:
            time.sleep(seconds)
        return None

    def _read(self, file: int) -> _State:
        """The header, with enough places for our windows. A damaged file starts anew, after a pause."""
        if not os.fstat(file).st_size:
            return self._anew()
        try:
            state = _read_header(file)
            if state.places >= self._places:
                return state
            return self._grown(file, state)
        except _Damaged:
            state = self._anew()
            state.paused_until = state.now(self._clock()) + self._shortest()
            return state

    def _anew(self) -> _State:
        return _State(self._places)

    def _shortest(self) -> float:
        return min(seconds for _, seconds in self._windows)

    def _grown(self, file: int, state: _State) -> _State:
        """The same file with more places, for larger windows than before; they begin with what is known."""
        first = max(0, state.count - state.places)
        times = [_sent_at(file, state, number) for number in range(first, state.count)]
        grown = _State(self._places, 0, state.offset, state.latest, state.paused_until)
        for sent_at in times:
            _note(file, grown, sent_at)
        return grown

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            # Opened anew each time: threads and forked processes would share the lock of one open file.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            try:
                file = os.open(self._path, flags, 0o600)
            except FileNotFoundError:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = os.open(self._path, flags, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
            finally:
                os.close(file)
        except OSError as error:
            raise FixConfiguration(
                f"The rate windows that all processes share cannot be kept in {self._path.parent} "
                f"({error.strerror}).",
                "Make the folder writable, or set XDG_STATE_HOME to one that is.",
            ) from None


def _sent_at(file: int, state: _State, number: int) -> float:
    """When the request of that number, counted from 0, was sent. Raises _Damaged."""
    found = os.pread(file, _PLACE_BYTES, _HEADER_BYTES + number % state.places * _PLACE_BYTES)
    sent_at: float = _PLACE.unpack(_intact(found, _PLACE, number))[0]
    return sent_at


def _note(file: int, state: _State, sent_at: float) -> None:
    place = _HEADER_BYTES + state.count % state.places * _PLACE_BYTES
    os.pwrite(file, _with_checksum(_PLACE.pack(sent_at), state.count), place)
    state.count += 1


def _read_header(file: int) -> _State:
    magic, places, *rest = _HEADER.unpack(_intact(os.pread(file, _HEADER_BYTES, 0), _HEADER))
    if magic != _MAGIC:
        raise _Damaged
    return _State(places, *rest)


def _write_header(file: int, state: _State) -> None:
    times = (state.offset, state.latest, state.paused_until)
    os.pwrite(file, _with_checksum(_HEADER.pack(_MAGIC, state.places, state.count, *times)), 0)


def _with_checksum(packed: bytes, number: int = 0) -> bytes:
    # The number too: a ring that was cut off while it grew has good times in wrong places.
    return packed + _CHECKSUM.pack(zlib.crc32(packed, number & 0xFFFFFFFF))


def _intact(found: bytes, shape: struct.Struct, number: int = 0) -> bytes:
    packed = found[: shape.size]
    if found != _with_checksum(packed, number):
        raise _Damaged
    return packed


_shared: dict[tuple[Path, str, str, tuple[tuple[int, float], ...]], RateLimit] = {}


def shared(account: str, name: str, windows: Windows) -> RateLimit:
    """The limit of that name for that account. The name of its file tells neither."""
    folder = _folder(os.environ.get("XDG_STATE_HOME", ""))
    key = (folder, account, name, tuple(windows))
    found = _shared.get(key)
    if found is None:
        digest = hashlib.sha256(f"{account}\0{name}".encode()).hexdigest()[:32]
        found = _shared.setdefault(key, RateLimit(folder / f"{digest}.rate", windows))
    return found


@lru_cache
def _folder(state_home: str) -> Path:
    """Where the files are. https://specifications.freedesktop.org/basedir-spec/latest/"""
    home = Path(state_home)
    if not home.is_absolute():  # then it is to be ignored, says the specification
        try:
            home = Path.home() / ".local" / "state"
        except RuntimeError:
            raise FixConfiguration(
                "The rate windows that all processes share need a folder, and the user has no home.",
                "Set XDG_STATE_HOME to a folder that can be written.",
            ) from None
    return home / "cdp" / "rates"
