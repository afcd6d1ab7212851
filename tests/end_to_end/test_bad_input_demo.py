"""Demos that cannot be made: one exact sentence each, and the warehouse stays as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project, copy_project
from tests.python.demo.conftest import fingerprints


@dataclass(frozen=True)
class Case:
    """`arrange` changes the project's warehouse first; `says` is all of standard error."""

    id: str
    arguments: str
    says: str
    code: int = 3
    has_demo: bool = True
    arrange: Callable[[duckdb.DuckDBPyConnection], object] | None = None


def run_sql(sql: str) -> Callable[[duckdb.DuckDBPyConnection], object]:
    return lambda connection: connection.execute(sql)


CASES = [
    Case(
        "no customers",
        "--customers 0",
        "--customers 0 is not between 1 and 5,000,000. Choose a number in between.",
    ),
    Case(
        "negative customers",
        "--customers -5 --replace",
        "--customers -5 is not between 1 and 5,000,000. Choose a number in between.",
    ),
    Case(
        "a negative seed",
        "--customers 10 --seed -1",
        "--seed -1 is negative. Choose zero or a positive number.",
    ),
    Case(
        "a day out of range",
        "--customers 10 --today 1812-09-07",
        "--today 1812-09-07 is not between 1990-01-01 and 2100-01-01. Choose a day in between.",
    ),
    Case(
        "a demo is there",
        "--customers 10",
        "The warehouse already holds a demo. "
        "Add days with `cdp demo --advance DAYS`, or replace it with --replace.",
    ),
    Case(
        "tables of the user's own",
        "--customers 10",
        "The warehouse holds tables that the demo did not make: crm.contacts. "
        "Use another warehouse for the demo (CDP_DATA names its folder), or drop these tables yourself.",
        has_demo=False,
        arrange=run_sql("create schema crm; create table crm.contacts as select 1 as id"),
    ),
    Case(
        "a table of the user's own beside the demo, even with --replace",
        "--customers 10 --replace",
        "The warehouse holds tables that the demo did not make: shop.vouchers. "
        "Use another warehouse for the demo (CDP_DATA names its folder), or drop these tables yourself.",
        arrange=run_sql("create table shop.vouchers as select 1 as id"),
    ),
    Case(
        "advance without a demo",
        "--advance 1",
        "The warehouse holds no demo that could advance. Make one with `cdp demo --customers N`.",
        has_demo=False,
        arrange=run_sql("create table notes as select 1 as id"),
    ),
    Case(
        "advance by nothing",
        "--advance 0",
        "--advance 0 is not between 1 and 366 days. Choose a number in between.",
    ),
    Case(
        "advance with a seed",
        "--advance 1 --seed 2",
        "--advance cannot be combined with other options, because it adds days to an existing demo. "
        "Leave out --customers, --seed, --today and --replace.",
    ),
]


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = copy_project(tmp_path_factory.mktemp("small_demo") / "project")
    ran = made.cdp("demo", "--customers", 30, "--seed", 2, "--today", "2026-03-10")
    assert ran.code == 0, ran.err
    return made


def rows_in(warehouse: Path) -> dict[str, tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return fingerprints(connection)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_it_says_what_is_wrong_and_changes_nothing(case: Case, small_demo: Project, tmp_path: Path) -> None:
    project = small_demo.copy(tmp_path / "project")
    if not case.has_demo:
        project.warehouse.unlink()
    if case.arrange:
        with duckdb.connect(str(project.warehouse)) as connection:
            case.arrange(connection)
    before = rows_in(project.warehouse)
    ran = project.cdp("demo", *case.arguments.split())
    assert (" ".join(ran.err.split()), ran.code) == (case.says, case.code)
    assert ran.out == ""
    assert rows_in(project.warehouse) == before


def test_a_warehouse_in_use_is_left_alone(small_demo: Project, tmp_path: Path) -> None:
    project = small_demo.copy(tmp_path / "project")
    before = rows_in(project.warehouse)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()",
            str(project.warehouse),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        ran = project.cdp("demo", "--advance", 1)
    finally:
        holder.communicate()
    said = " ".join(ran.err.split())
    assert said == (
        f"The warehouse {project.warehouse} is in use by process {holder.pid}. "
        "Wait until it is done, or stop it, and try again."
    )
    assert ran.code == 5
    assert rows_in(project.warehouse) == before


def test_advance_where_there_is_no_warehouse(project: Project) -> None:
    ran = project.cdp("demo", "--advance", 1)
    assert " ".join(ran.err.split()) == (
        f"There is no warehouse at {project.warehouse}. "
        "Make one with `cdp demo` or `cdp load`, or correct `path` in profiles.yml."
    )
    assert ran.code == 4
    assert not project.warehouse.exists()


def test_replace_makes_the_demo_anew(small_demo: Project, tmp_path: Path) -> None:
    project = small_demo.copy(tmp_path / "project")
    assert project.cdp("demo", "--advance", 1).code == 0
    ran = project.cdp("demo", "--customers", 30, "--seed", 2, "--today", "2026-03-10", "--replace", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["people"] == 30
    assert rows_in(project.warehouse) == rows_in(small_demo.warehouse)
