"""Visits to one warehouse from several threads: readers and writers, each at its time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_cli.config import Settings
from cdp_cli.warehouse import open_warehouse


def settings(folder: Path, name: str = "warehouse") -> Settings:
    path = str(folder / f"{name}.duckdb")
    return Settings(folder, folder, folder / "data", "dev", {"type": "duckdb", "path": path})


def test_six_threads_read_and_write_one_file(tmp_path: Path) -> None:
    here = settings(tmp_path)
    with open_warehouse(here, read_only=False, create=True) as warehouse:
        warehouse.execute("create table seen (n integer)")

    def visit(number: int) -> int:
        for _ in range(10):
            if number % 2:
                with open_warehouse(here, read_only=False, wait_seconds=0) as warehouse:
                    warehouse.append("main", "seen", pa.table({"n": [number]}))
            else:
                with open_warehouse(here, wait_seconds=0) as warehouse:
                    warehouse.rows("select count(*) as n from seen")
        return number

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(visit, range(6))) == list(range(6))
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        assert connection.execute("select n, count(*) from seen group by n order by n").fetchall() == [
            (1, 10), (3, 10), (5, 10),
        ]  # fmt: skip


def test_a_visit_may_open_another_warehouse(tmp_path: Path) -> None:
    there = settings(tmp_path, "other")
    with (
        open_warehouse(settings(tmp_path), read_only=False, create=True) as one,
        open_warehouse(there, read_only=False, create=True) as other,
    ):
        assert one.rows("select 1 as n") == other.rows("select 1 as n")
