"""What may befall the ledger: a full disk, a folder that cannot be written, a cut file, a clock set back.

A run says what is wrong in a sentence, or works. It never starts from zero silently: then everything would be
sent again, under new keys.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.conftest import ROOT
from tests.faults.children import NOBODY, Children, Outcome
from tests.faults.kills import Scene
from tests.faults.tally import Tally

LEAST_BYTES, MOST_BYTES = 1 << 12, 1 << 20
_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long back(void) { const char *set = getenv("CLOCK_BACK_SECONDS"); return set ? atol(set) : 0; }

int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, at);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) at->tv_sec -= back();
    return code;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


def try_full_disk(scene: Scene, times: int) -> Tally:
    """No file can grow beyond some size, from a page to a megabyte, as where a disk is full."""
    tally = Tally()
    for _ in range(times):
        scene.next_turn()
        size = int(LEAST_BYTES * (MOST_BYTES / LEAST_BYTES) ** scene.draw.random())
        _tell(tally, scene.children.run(replace(scene.job, file_bytes=size)))
        scene.check(tally)
        tally.times += 1
    return tally


def try_read_only(scene: Scene, times: int) -> Tally:
    """The folder of the ledger cannot be written."""
    tally = Tally()
    for _ in range(times):
        scene.next_turn()
        _let_everybody_read(scene)
        scene.world.ledger_dir.chmod(0o555)
        outcome = scene.children.run(replace(scene.job, as_nobody=os.getuid() == 0))
        scene.world.ledger_dir.chmod(0o755)
        _tell(tally, outcome)
        if outcome.status == "succeeded":
            tally.broken["a run succeeded although it could not write its ledger"] += 1
        scene.check(tally)
        tally.times += 1
    return tally


def _let_everybody_read(scene: Scene) -> None:
    """Root may write anywhere, so the run is nobody's; only the ledger's folder is to refuse it."""
    scene.world.ledger_dir.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        for path in (scene.folder, *scene.folder.parents):
            if path.stat().st_uid == 0 and path.stat().st_mode & 0o5 != 0o5:
                path.chmod(path.stat().st_mode | 0o5)
        scene.folder.chmod(0o777)
        for file in scene.folder.glob("warehouse.duckdb*"):
            os.chown(file, NOBODY, NOBODY)


def try_cut_ledger(scene: Scene, times: int) -> Tally:
    """A ledger that ends at any byte, the first among them. The next run meets the intact file again."""
    tally = Tally()
    scene.next_turn()
    scene.check(Tally())
    files = list(scene.world.ledger_dir.glob("*.duckdb"))
    kept = scene.folder / "kept"
    for trial in range(times):
        for file in files:
            kept.mkdir(exist_ok=True)
            shutil.copy(file, kept / file.name)
        for file in files:
            os.truncate(file, int(file.stat().st_size * scene.draw.random()) if trial else 0)
        outcome = scene.children.run(scene.job)
        _tell(tally, outcome)
        if outcome.requests or outcome.is_first_run:
            tally.broken["a run started from zero and said nothing"] += 1
        for path in scene.world.ledger_dir.iterdir():
            path.unlink()
        for file in files:
            shutil.copy(kept / file.name, file)
        scene.check(tally)
        tally.times += 1
    return tally


def try_clock(scene: Scene, times: int) -> Tally:
    """A run whose clock is an hour to a year behind that of the run before."""
    tally = Tally()
    library = scene.folder / "clock.so"
    made = _compile(_CLOCK, library)
    if made:
        tally.messages[f"not tried: {made}"] += 1
        return tally
    for _ in range(times):
        scene.next_turn()
        seconds = int(3600 * 8760 ** scene.draw.random())
        environment = {"LD_PRELOAD": str(library), "CLOCK_BACK_SECONDS": str(seconds)}
        with Children(environment) as behind:
            _tell(tally, behind.run(scene.job))
        scene.check(tally)
        tally.times += 1
    return tally


def _compile(source: str, library: Path) -> str:
    """Why the library could not be made, or an empty text."""
    command = ["cc", "-shared", "-fPIC", "-o", str(library), "-x", "c", "-", "-ldl"]
    try:
        done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    except FileNotFoundError:
        return "there is no C compiler to make another clock with"
    if done.returncode:
        return f"the other clock does not compile: {done.stderr.splitlines()[0]}"
    environment = {**os.environ, "LD_PRELOAD": str(library), "CLOCK_BACK_SECONDS": "1000000000"}
    said = subprocess.run(
        [sys.executable, "-c", "import datetime; print(datetime.date.today().year)"],
        env=environment, cwd=ROOT, text=True, capture_output=True, check=False,
    ).stdout.strip()  # fmt: skip
    return "" if said.isdigit() and int(said) < 2000 else "Python does not see the other clock"


def _tell(tally: Tally, outcome: Outcome) -> None:
    """Note what a run said: a sentence for users, or an exception that none should see."""
    if outcome.problem:
        tally.messages[outcome.problem] += 1
    if outcome.fault:
        tally.broken[f"not a message: {outcome.fault}"] += 1
