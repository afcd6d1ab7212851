"""Runs `cdp` in a terminal of its own and presses keys, as a person would."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable

from tests.conftest import Project, Ran

_PATIENCE = 60.0
_BETWEEN_KEYS = 0.05


def drive(
    project: Project,
    arguments: Iterable[object],
    keys: Iterable[str],
    prompt: str,
    after_key: Callable[[int], None] = lambda number: None,
    **environment: str,
) -> Ran:
    """Run a command, and press the next of `keys`, one or several, each time that `prompt` stands there.

    `after_key` is called with the number of keys pressed when the next prompt, or the end, has come.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "cdp_cli.cli", *map(str, arguments)],
        cwd=project.root,
        env={**project.environment, "TERM": "xterm", **environment},
        stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    shown, pressed, left = b"", 0, list(keys)
    try:
        while True:
            ready, _, _ = select.select([master], [], [], _PATIENCE)
            assert ready, f"nothing came after {pressed} keys: {shown.decode(errors='replace')[-500:]}"
            try:
                read = os.read(master, 65536)
            except OSError:
                break
            if not read:
                break
            shown += read
            if left and shown.count(prompt.encode()) > pressed:
                if pressed:
                    after_key(pressed)
                for key in left.pop(0):
                    _wait_for_key_reading(master)
                    os.write(master, key.encode())
                    time.sleep(_BETWEEN_KEYS)
                pressed += 1
        return Ran(process.wait(_PATIENCE), shown.decode().replace("\r\n", "\n"), "")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _wait_for_key_reading(master: int) -> None:
    """Until the program reads keys and no more lines: what comes earlier is thrown away."""
    deadline = time.monotonic() + _PATIENCE
    while termios.tcgetattr(master)[3] & termios.ICANON:
        assert time.monotonic() < deadline, "the program never read a key"
        time.sleep(0.01)
