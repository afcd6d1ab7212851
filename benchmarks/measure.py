"""What a process took, step by step: seconds, peak memory, and where its own Python spent them.

A contender of a benchmark is a process of its own. It prints one JSON document, `Steps.document`, which
`contender` reads in the process that started it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_SAMPLED_EVERY = 0.01


class Steps:
    """The steps of this process. `followed` is the folder whose functions are sampled."""

    def __init__(self, followed: Path) -> None:
        self._followed = str(followed)
        self._steps: list[dict[str, Any]] = []

    @contextmanager
    def step(self, name: str, group: str = "") -> Iterator[None]:
        """Time a step. Steps of one group add up to a figure of it."""
        _forget_peak()
        sampler = _Sampler(self._followed)
        sampler.start()
        started, worked = time.perf_counter(), time.process_time()
        yield
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
        sampler.stop()
        step = {"name": name, "group": group, "seconds": seconds, "cpu": cpu}
        self._steps.append(step | {"peak_mb": _peak_mb(), "inside": sampler.seconds()})

    def document(self, **further: Any) -> str:
        """The steps as JSON, with further figures."""
        return json.dumps({"steps": self._steps, **further})


def contender(arguments: Sequence[str], cwd: Path | None = None) -> dict[str, Any]:
    """Run a process and return its document, with `peak_mb` and `seconds` of the whole process."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(list(arguments), stdout=said, stderr=complained, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        output, errors = said.read(), complained.read()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}:\n{errors[-3000:]}")
    document: dict[str, Any] = json.loads(output.splitlines()[-1])
    # A peak that a step forgot is no longer in the usage of the process.
    peaks = [usage.ru_maxrss / 1024, *(step["peak_mb"] for step in document["steps"])]
    return document | {"peak_mb": max(peaks), "seconds": time.perf_counter() - started}


class _Sampler:
    """Looks every hundredth of a second at what the main thread does: little to slow it, enough to know."""

    def __init__(self, followed: str) -> None:
        self._followed = followed
        self._main = threading.get_ident()
        self._looks: Counter[tuple[str, str]] = Counter()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._started = 0.0
        self._seconds = 0.0

    def start(self) -> None:
        self._started = time.perf_counter()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._seconds = time.perf_counter() - self._started

    def seconds(self) -> dict[str, float]:
        """Seconds by function of the followed folder, what it calls included, the longest first."""
        looks = max(self._looks.pop(("", ""), 0), 1)
        found = {
            f"{module}.{function}": round(self._seconds * count / looks, 2)
            for (module, function), count in self._looks.most_common(25)
        }
        return {name: seconds for name, seconds in found.items() if seconds >= 0.05}

    def _look(self) -> None:
        while not self._stopped.wait(_SAMPLED_EVERY):
            self._looks[("", "")] += 1
            self._looks.update(self._functions(sys._current_frames().get(self._main)))

    def _functions(self, frame: FrameType | None) -> set[tuple[str, str]]:
        found = set()
        while frame is not None:
            code: CodeType = frame.f_code
            if code.co_filename.startswith(self._followed):
                found.add((Path(code.co_filename).stem, code.co_name))
            frame = frame.f_back
        return found


def _forget_peak() -> None:
    """Begin the high-water mark anew, where the system can; else a step's peak is that since the start."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def _peak_mb() -> float:
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
