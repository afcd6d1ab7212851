"""What linking cannot hold in memory overflows to a folder that is its own, and that goes with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

OVERFLOWING = """
import os
from cdp_cli.identity.in_memory_engine import connect
connection = connect()
connection.execute("set memory_limit = '60MB'")
connection.execute("create table numbers as select range as n, hash(range) as value from range(8000000)")
assert connection.execute("select sum(n) from numbers").fetchall() == [(31999996000000,)]
folder = connection.execute("select current_setting('temp_directory')").fetchall()[0][0]
print(folder, oct(os.stat(folder).st_mode & 0o777), len(os.listdir(folder)))
"""


def test_what_does_not_fit_overflows_to_a_folder_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OVERFLOWING],
        cwd=ROOT, env={"TMPDIR": str(tmp_path), "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    folder, mode, files = done.stdout.split()
    assert Path(folder).parent == tmp_path
    assert mode == "0o700"
    assert int(files) > 0
    assert not list(tmp_path.iterdir())
