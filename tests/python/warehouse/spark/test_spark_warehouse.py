"""A visit to Spark's tables: what comes in and out, and what a failure leaves."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_cli.config import Settings
from cdp_cli.errors import ConfirmFirst, FixConfiguration, FixInput
from cdp_cli.staging.load import load
from cdp_cli.warehouse import Warehouse, open_warehouse
from cdp_cli.warehouse.duckdb.warehouse import DuckDBWarehouse
from cdp_cli.warehouse.spark.warehouse import SparkWarehouse
from tests.conftest import Project, copy_project
from tests.python.staging.test_load import CSV, DECLARED
from tests.spark import SPARK, settings_of, skip_without_spark

pytestmark = pytest.mark.spark

ALL_KINDS = pa.table(
    {
        "text": pa.array(["it's \\ ü", None]),
        "view": pa.array(["a", None], pa.string_view()),
        "whole": pa.array([1, None], pa.int64()),
        "small": pa.array([1, None], pa.int32()),
        "wide": pa.array([2**63, None], pa.uint64()),
        "share": pa.array([0.5, None], pa.float64()),
        "money": pa.array([Decimal("1.50"), None], pa.decimal128(12, 2)),
        "flag": pa.array([True, None]),
        "day": pa.array([dt.date(2026, 1, 2), None]),
        "at": pa.array([dt.datetime(2026, 1, 2, 3, 4, 5, 678901), None], pa.timestamp("us")),
        "nothing": pa.nulls(2),
        "properties.revenue 365d": pa.array([1.0, None]),
    }
)


@pytest.fixture
def settings(spark_project: Project, tmp_path: Path) -> Settings:
    """A project of its own in the shared session."""
    staging = tmp_path / "models" / "staging" / "erp"
    staging.mkdir(parents=True)
    (staging / "_erp.yml").write_text(DECLARED)
    return replace(settings_of(spark_project, SPARK), project_dir=tmp_path)


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with open_warehouse(settings, read_only=False) as opened:
        yield opened


@pytest.fixture
def loads_kept(warehouse: Warehouse, tmp_path: Path) -> Iterator[None]:
    """Other tests that share the session find the log of loads as it was."""
    warehouse.export("select * from cdp.loads", tmp_path / "loads")
    yield
    warehouse.replace("cdp", "loads", tmp_path / "loads")


def values(warehouse: Warehouse, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in warehouse.rows(sql)]


def test_what_is_appended_comes_back_as_from_duckdb(warehouse: Warehouse) -> None:
    both: list[Warehouse] = [warehouse, DuckDBWarehouse(duckdb.connect())]
    for each in both:
        each.append("kinds", "rows", ALL_KINDS)
    sql = 'select * from kinds.rows where "properties.revenue 365d" = ? and text = ?'
    spark, duck = (each.arrow(sql, [1.0, "it's \\ ü"]) for each in both)
    assert spark.num_rows == 1
    assert spark.drop(["wide", "nothing"]).to_pylist() == duck.drop(["wide", "nothing"]).to_pylist()
    assert [str(spark.schema.field(name).type) for name in ("small", "money", "at")] == [
        str(duck.schema.field(name).type) for name in ("small", "money", "at")
    ]
    assert dict(warehouse.columns("kinds", "rows")) == {
        **both[1].columns("kinds", "rows"), "wide": "DECIMAL(20,0)", "nothing": "VARCHAR",
    }  # fmt: skip
    assert warehouse.tables("kinds") == ["rows"]
    assert warehouse.tables("no_such_schema") == []
    assert warehouse.columns("kinds", "no_such_table") == {}


def test_a_transaction_that_fails_leaves_nothing(warehouse: Warehouse) -> None:
    with pytest.raises(KeyError), warehouse.transaction():
        warehouse.append("failing", "rows", pa.table({"n": [1]}))
        raise KeyError
    assert not warehouse.exists("failing", "rows")


def test_what_a_crash_interrupts_the_next_visit_finishes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, done = SparkWarehouse._insert, []

    def dies_at_the_second(self: SparkWarehouse, schema: str, table: str, rows: object) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(table)
        insert(self, schema, table, rows)  # type: ignore[arg-type]

    with (
        pytest.raises(KeyboardInterrupt),
        open_warehouse(settings, read_only=False) as warehouse,
        warehouse.transaction(),
    ):
        warehouse.append("crashing", "rows", pa.table({"n": [1, 2]}))
        warehouse.append("crashing", "log", pa.table({"rows": [2]}))
        monkeypatch.setattr(SparkWarehouse, "_insert", dies_at_the_second)
    monkeypatch.undo()
    for _ in range(2):
        with open_warehouse(settings, read_only=False) as warehouse:
            assert sorted(values(warehouse, "select n from crashing.rows")) == [(1,), (2,)]
            assert values(warehouse, "select rows from crashing.log") == [(2,)]


def test_a_replaced_table_stays_readable_to_a_view(warehouse: Warehouse, tmp_path: Path) -> None:
    tables = [
        pa.table({"n": [1], "s": ["old"]}),
        pa.table({"n": [2], "more": [True], "s": ["new"]}),
        pa.table({"n": [3], "s": ["newest"]}),
    ]
    for number, table in enumerate(tables):
        pq.write_table(table, tmp_path / f"{number}.parquet")
        warehouse.replace("swapped", "rows", tmp_path / f"{number}.parquet")
        if not number:
            warehouse.execute("create view swapped.seen as select n, s from swapped.rows")
        assert values(warehouse, "select n, s from swapped.seen") == [
            tuple(table.select(["n", "s"]).to_pylist()[0].values())
        ]
        assert list(warehouse.columns("swapped", "rows")) == sorted(
            table.column_names, key=lambda n: n == "more"
        )


def test_files_are_loaded_with_the_same_checks(
    settings: Settings, warehouse: Warehouse, tmp_path: Path, loads_kept: None
) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    [loaded] = load(settings, [tmp_path / "a.csv"], "erp.items")
    assert dict(warehouse.columns("erp_raw", "items")) == {
        "Id": "VARCHAR", "pieces": "INTEGER", "price": "DECIMAL(12,2)", "sold_at": "TIMESTAMP",
        "_loaded_at": "TIMESTAMP", "_load_id": "VARCHAR",
    }  # fmt: skip
    assert values(warehouse, "select * from erp_raw.items order by Id") == [
        ("007", 2, Decimal("1.50"), dt.datetime(2026, 2, 1, 0, 30), loaded.loaded_at, loaded.load_id),
        ("008", None, None, dt.datetime(2026, 2, 1), loaded.loaded_at, loaded.load_id),
    ]
    with pytest.raises(ConfirmFirst, match=r"a\.csv was loaded into erp\.items on"):
        load(settings, [tmp_path / "a.csv"], "erp.items")

    (tmp_path / "b.csv").write_text(CSV.replace("1.50,", "dear,"))
    with pytest.raises(FixInput, match="row 1: the column price is not of the type decimal"):
        load(settings, [tmp_path / "b.csv"], "erp.items")
    (tmp_path / "c.csv").write_text("id,price,pieces,sold_at,colour\n009,2,1,2026-02-02,red\n")
    load(settings, [tmp_path / "c.csv"], "erp.items")
    assert values(warehouse, "select Id, colour from erp_raw.items order by Id") == [
        ("007", None), ("008", None), ("009", "red"),
    ]  # fmt: skip


def test_generated_rows_do_not_replace_loaded_ones(warehouse: Warehouse) -> None:
    warehouse.append("till", "sales", pa.table({"id": [1], "_load_id": ["l1"]}))
    with warehouse.generator() as generator:
        generator.execute("create schema till; create table till.sales as select 2 as id")
        with pytest.raises(FixInput, match=r"till\.sales holds rows of `cdp load`"):
            warehouse.hand_over(generator, [("till", "sales")])
        generator.execute("drop schema till cascade")
    assert values(warehouse, "select id from till.sales") == [(1,)]


def test_a_process_has_one_spark(settings: Settings, warehouse: Warehouse, tmp_path: Path) -> None:
    other = replace(settings, data_dir=tmp_path, target="other")
    with (
        pytest.raises(FixConfiguration, match="connected to another Spark than that of the target 'other'"),
        open_warehouse(other, read_only=False, create=True),
    ):
        pass


DEMO = """
import datetime as dt, json, sys
from pathlib import Path
import pyarrow as pa
from cdp_cli.config import find_settings
from cdp_cli.demo import advance, generate
from cdp_cli.errors import FixInput
from cdp_cli.warehouse import open_warehouse

settings = find_settings(Path(sys.argv[1]), "spark")
made = generate(settings, 30, 2, dt.date(2026, 3, 10))
refused = []
try:
    generate(settings, 30, 2, dt.date(2026, 3, 10))
except FixInput as error:
    refused.append(error.problem)
went = advance(settings, 1)
with open_warehouse(settings, read_only=False) as warehouse:
    counts = {name: warehouse.rows(f"select count(*) as n from {name}")[0]["n"] for name in made.tables}
    columns = list(warehouse.columns("support", "tickets"))
    [clock] = warehouse.rows("select * from cdp.clock")
    days = warehouse.rows("select days_advanced from truth.demo")[0]["days_advanced"]
    warehouse.append("shop", "vouchers", pa.table({"id": [1]}))
for again in (lambda: generate(settings, 30, 2, replace=True),):
    try:
        again()
    except FixInput as error:
        refused.append(error.problem)
print(json.dumps({
    "made": made.tables, "new": went.new_rows, "counts": counts, "columns": columns,
    "clock": str(clock["as_of"]), "days": days, "refused": refused,
}))
"""


def test_the_demo_is_handed_over_and_advances(tmp_path: Path) -> None:
    skip_without_spark()
    project = copy_project(tmp_path / "project")
    ran = project._run([sys.executable, "-c", DEMO, str(project.root)], {})
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert said["counts"] == {name: rows + said["new"][name] for name, rows in said["made"].items()}
    assert said["columns"][-1] == "priority"
    assert (said["clock"], said["days"]) == ("2026-03-11 23:59:59", 1)
    assert said["refused"] == [
        "The warehouse already holds a demo.",
        "The warehouse holds tables that the demo did not make: shop.vouchers.",
    ]
