"""What arrives in a raw table, from each kind of file."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from cdp_cli.config import Settings
from cdp_cli.errors import ConfirmFirst, FixConfiguration, FixInput
from cdp_cli.staging.load import load
from cdp_cli.warehouse import open_warehouse

DECLARED = """
sources:
  - name: erp
    schema: erp_raw
    tables:
      - name: items
        columns:
          - {name: Id, data_type: varchar}
          - {name: pieces, data_type: integer}
          - {name: price, data_type: "decimal(12,2)"}
          - {name: sold_at, data_type: timestamp}
          - {name: _loaded_at, data_type: timestamp}
"""
CSV = "price,id,pieces,sold_at\n1.50,007,2,2026-01-31T23:30:00-01:00\n,008,,2026-02-01\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    staging = tmp_path / "models" / "staging" / "erp"
    staging.mkdir(parents=True)
    (staging / "_erp.yml").write_text(DECLARED)
    return Settings(tmp_path, tmp_path, tmp_path, "dev", {"type": "duckdb", "path": "data/w.duckdb"})


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def make(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return make


def rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with open_warehouse(settings) as warehouse:
        return [tuple(row.values()) for row in warehouse.rows(sql)]


def columns(settings: Settings, schema: str, table: str) -> dict[str, str]:
    with open_warehouse(settings) as warehouse:
        return dict(warehouse.columns(schema, table))


def test_a_declared_table_gets_its_columns_in_their_order_and_types(settings, file) -> None:
    [loaded] = load(settings, [file("a.csv", CSV)], "erp.items")

    assert (loaded.rows, loaded.undeclared) == (2, ())
    assert columns(settings, "erp_raw", "items") == {
        "Id": "VARCHAR",
        "pieces": "INTEGER",
        "price": "DECIMAL(12,2)",
        "sold_at": "TIMESTAMP",
        "_loaded_at": "TIMESTAMP",
        "_load_id": "VARCHAR",
    }
    assert rows(settings, "select * from erp_raw.items") == [
        ("007", 2, Decimal("1.50"), dt.datetime(2026, 2, 1, 0, 30), loaded.loaded_at, loaded.load_id),
        ("008", None, None, dt.datetime(2026, 2, 1), loaded.loaded_at, loaded.load_id),
    ]
    assert rows(settings, "select source_name, table_name, file_name, row_count from cdp.loads") == [
        ("erp", "items", "a.csv", 2)
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons.csv", "id;note;pieces\n007;a, b;2\n"),
        ("tabs.tsv", "id\tnote\tpieces\n007\ta, b\t2\n"),
        ("quotes.csv", '"id","note","pieces"\r\n"007","a, b","2"\r\n'),
        ("mark.csv", "\ufeffid|note|pieces\n007|a, b|2\n"),
        ("zipped.csv.gz", gzip.compress(b'id,note,pieces\n007,"a, b",2\n', mtime=0)),
        ("lines.jsonl", '{"id": "007", "note": "a, b", "pieces": 2}\n\n'),
        ("zipped.jsonl.gz", gzip.compress(b'{"pieces": 2, "id": "007", "note": "a, b"}', mtime=0)),
        ("list.json", '[\n{"id": "007", "note": "a, b", "pieces": 2}]'),
    ],
)
def test_each_form_gives_the_same_rows(settings, file, name: str, content: str | bytes) -> None:
    load(settings, [file(name, content)], "till.sales")
    assert rows(settings, "select id, note, pieces from till.sales") == [("007", "a, b", 2)]


def test_parquet_keeps_its_types_and_nested_values_become_json(settings, tmp_path: Path) -> None:
    duckdb.sql(
        "select 1.5::decimal(9,3) as amount, date '2026-01-02' as day, {'a': [1, 2]} as more, "
        "timestamptz '2026-01-01 10:00:00+02' as at"
    ).write_parquet(str(tmp_path / "a.parquet"))
    load(settings, [tmp_path / "a.parquet"], "till.sales")
    assert rows(settings, "select amount, day, more from till.sales") == [
        (Decimal("1.500"), dt.date(2026, 1, 2), '{"a":[1,2]}')
    ]


def test_text_that_only_looks_like_a_number_stays_text(settings, file) -> None:
    content = "zip,phone,count,share,day,flag,none\n01234,+4930,1,0.5,2026-01-02,true,\n"
    content += "99999,1,20,1,2026-01-03,false,\n"
    load(settings, [file("a.csv", content)], "till.sales")
    found = columns(settings, "till", "sales")
    assert list(found.values())[:7] == [
        "VARCHAR",
        "VARCHAR",
        "BIGINT",
        "DOUBLE",
        "DATE",
        "BOOLEAN",
        "VARCHAR",
    ]


def test_columns_that_nobody_declared_are_kept_as_text_and_reported(settings, file) -> None:
    load(settings, [file("a.csv", CSV)], "erp.items")
    more = CSV.replace("price,", "price,colour,").replace("1.50,", "1.50,01,").replace("\n,008", "\n,02,008")
    [loaded] = load(settings, [file("b.csv", more)], "erp.items")
    assert loaded.undeclared == ("colour",)
    assert rows(settings, "select colour from erp_raw.items order by colour") == [
        ("01",),
        ("02",),
        (None,),
        (None,),
    ]


def test_a_table_that_another_loader_made_gets_our_columns(settings, file) -> None:
    with open_warehouse(settings, read_only=False, create=True) as warehouse:
        warehouse.execute("create schema erp_raw")
        warehouse.execute("create table erp_raw.items as select 'x' as id, 1 as pieces, 2.0 as price")
    load(settings, [file("a.csv", CSV)], "erp.items")
    assert rows(settings, "select id, _load_id is null, sold_at is null from erp_raw.items order by id") == [
        ("007", False, False),
        ("008", False, False),
        ("x", True, True),
    ]


def test_again_appends_once_more_and_the_later_rows_are_later(settings, file) -> None:
    path = file("a.csv", CSV)
    [first] = load(settings, [path], "erp.items")
    with pytest.raises(ConfirmFirst):
        load(settings, [path], "erp.items")
    [second] = load(settings, [path], "erp.items", again=True)
    assert first.loaded_at < second.loaded_at
    assert rows(settings, "select count(*) from erp_raw.items") == [(4,)]


def test_a_header_without_rows_makes_the_table(settings, file) -> None:
    [loaded] = load(settings, [file("a.csv", CSV.splitlines()[0] + "\n")], "erp.items")
    assert loaded.rows == 0
    assert rows(settings, "select count(*) from erp_raw.items") == [(0,)]


def test_the_first_file_is_not_kept_where_the_second_does_not_fit(settings, file) -> None:
    good, bad = file("a.csv", CSV), file("b.csv", CSV.replace("2026-02-01", "soon"))
    with pytest.raises(FixInput, match="row 2: the column sold_at is not of the type timestamp"):
        load(settings, [good, bad], "erp.items")
    with open_warehouse(settings) as warehouse:
        assert not warehouse.exists("erp_raw", "items")


@pytest.mark.parametrize("value", ["1.5", "x", "007", "99999999999"])
def test_a_whole_number_is_never_rounded_or_cut(settings, file, value: str) -> None:
    with pytest.raises(FixInput, match="row 1: the column pieces is not of the type integer"):
        load(settings, [file("a.csv", CSV.replace(",2,", f",{value},"))], "erp.items")


def test_an_unknown_type_is_named(settings, file) -> None:
    path = settings.project_dir / "models" / "staging" / "erp" / "_erp.yml"
    path.write_text(DECLARED.replace("integer", "pieces"))
    with pytest.raises(FixConfiguration, match=r"column pieces of erp\.items has the unknown type 'pieces'"):
        load(settings, [file("a.csv", CSV)], "erp.items")


def test_a_file_of_another_encoding_loads_where_it_is_said(settings, file) -> None:
    load(settings, [file("a.csv", "id,name\n1,Müller\n".encode("latin-1"))], "till.names", encoding="latin-1")
    load(settings, [file("b.csv", "id,name\n2,Müller\n".encode("utf-16"))], "till.names", encoding="utf-16")
    assert rows(settings, "select distinct name from till.names") == [("Müller",)]
