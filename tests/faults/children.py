"""Runs of a sync in processes that may be killed, forked from one that has imported everything already.

    python -m tests.faults.children [--resident]

reads one JSON job a line from standard input, forks, prints the child's process id, and prints how it ended
as the job's second line; a resident runs all jobs itself. A job names a folder with the warehouse of a
`World`, the port of its receiver, and what shall befall the child. What became of the run goes to the file
`answer`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType, SimpleNamespace, TracebackType
from typing import Any, cast

import cdp_cli.activation
from cdp_cli.activation.engine import run_sync
from cdp_cli.activation.sender import Pace
from cdp_cli.destinations.base import Idempotency
from cdp_cli.errors import CdpError
from tests.conftest import ROOT
from tests.python.activation.conftest import World

_ENGINE = str(Path(cdp_cli.activation.__file__).parent)
_EVENTS = {"call": "entered", "return": "left"}
_STATEMENTS = {
    "c_call": "before a statement",
    "c_exception": "after a statement",
    "c_return": "after a statement",
}
NOBODY = 65534


@dataclass(frozen=True)
class Job:
    """One run. `kill_at` is a step of the engine, and which time it comes, from 1. `is_traced` counts steps.

    `file_bytes` is the size beyond which no file can grow, as on a full disk.
    """

    folder: str
    port: int
    destination: Mapping[str, Any]
    spec: Mapping[str, Any]
    kill_at: tuple[str, int] | None = None
    is_traced: bool = False
    file_bytes: int | None = None
    as_nobody: bool = False
    answer: str = ""
    attempts: int = 4


@dataclass(frozen=True)
class Outcome:
    """What a run said of itself, or what it raised. A run that was killed said nothing."""

    was_killed: bool = False
    status: str = ""
    requests: int = 0
    in_doubt: int = 0
    is_first_run: bool = False
    problem: str = ""  # of an error of ours, in the result or raised
    fault: str = ""  # any other exception: its type and first line
    steps: Mapping[str, int] = field(default_factory=dict)
    memory_mb: float = 0.0  # of a resident


class Children:
    """The process that forks. One run at a time; take two of these for two at once."""

    def __init__(self, environment: Mapping[str, str] | None = None, *, resident: bool = False) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", __name__, *(["--resident"] if resident else [])],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        )  # fmt: skip
        self.pid = 0
        self._job: Job | None = None

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def begin(self, job: Job) -> int:
        """Start a run; returns its process id."""
        assert self._process.stdin is not None
        answer = Path(job.answer)
        answer.unlink(missing_ok=True)
        self._job = job
        self._process.stdin.write(json.dumps(asdict(job)) + "\n")
        self._process.stdin.flush()
        self.pid = int(self._line())
        return self.pid

    def end(self) -> Outcome:
        """Wait for the run that was begun."""
        assert self._job is not None
        status = int(self._line())
        if status == -signal.SIGKILL:
            return Outcome(was_killed=True)
        answer = Path(self._job.answer)
        if status or not answer.exists():
            return Outcome(fault=f"the process ended with {status}")
        return Outcome(**json.loads(answer.read_text(encoding="utf-8")))

    def run(self, job: Job) -> Outcome:
        """Begin and end."""
        self.begin(job)
        return self.end()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def world_of(job: Job) -> World:
    """The world of a job, in any process."""
    world = World(Path(job.folder), cast(Any, SimpleNamespace(port=job.port)))
    for name, value in job.destination.items():
        setattr(world.destination, name, Idempotency(value) if name == "kind" else value)
    world.spec |= job.spec
    return world


class _Steps:
    """Counts the functions and SQL statements of the engine, and ends the process at one of them."""

    def __init__(self, kill_at: tuple[str, int] | None) -> None:
        self.counts: Counter[str] = Counter()
        self._kill_at = kill_at

    def follow(self) -> None:
        """From now on, in this thread and all that are started."""
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if not code.co_filename.startswith(_ENGINE) or code.co_name.startswith("<"):
            return
        if event in _EVENTS:
            self._at(f"{_place(frame)} {_EVENTS[event]}")
        elif event in _STATEMENTS and getattr(arg, "__name__", "") == "execute":
            self._at(f"{_place(frame)} {_STATEMENTS[event]}")

    def _at(self, step: str) -> None:
        self.counts[step] += 1
        if self._kill_at is not None and self._kill_at == (step, self.counts[step]):
            os.kill(os.getpid(), signal.SIGKILL)


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_qualname}"


def _run(job: Job) -> Outcome:
    world = world_of(job)
    steps = _Steps(job.kill_at)
    if job.kill_at is not None or job.is_traced:
        steps.follow()
    try:
        result = run_sync(
            world.settings, world.sync, world.destination, pace=Pace(job.attempts, base_seconds=0.01)
        )
    except CdpError as error:
        return Outcome(problem=error.problem, steps=dict(steps.counts))
    except Exception as error:
        first = str(error).splitlines() or [""]
        return Outcome(fault=f"{type(error).__name__}: {first[0][:200]}", steps=dict(steps.counts))
    finally:
        sys.setprofile(None)
    problem = result.error.problem if result.error is not None else ""
    return Outcome(
        status=result.status, requests=result.requests, in_doubt=result.in_doubt,
        is_first_run=result.is_first_run, problem=problem, steps=dict(steps.counts),
    )  # fmt: skip


def _be(job: Job) -> None:
    """Run a job as it says, and write down what came of it."""
    answer = os.open(job.answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    if job.as_nobody:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if job.file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.file_bytes, resource.RLIM_INFINITY))
    outcome = _run(job)
    if job.file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    outcome = replace(outcome, memory_mb=_memory_mb())
    os.write(answer, json.dumps(asdict(outcome)).encode())
    os.close(answer)


def _memory_mb() -> float:
    """What this process holds now; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Take jobs until standard input ends."""
    for line in sys.stdin:
        given = json.loads(line)
        given["kill_at"] = tuple(given["kill_at"]) if given["kill_at"] else None
        if "--resident" in sys.argv:
            _say(os.getpid())
            _be(Job(**given))
            _say(0)
            continue
        pid = os.fork()
        if not pid:
            try:
                _be(Job(**given))
            except BaseException:
                os._exit(70)
            os._exit(0)
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
