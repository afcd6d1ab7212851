"""Days go by: new, late and changed rows, new people, withdrawals, a drifting schema, the truth."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from cdp_cli.config import Settings
from cdp_cli.demo import AdvanceSummary, DemoSummary, advance, generate
from tests.python.demo.conftest import fingerprints, number
from tests.python.demo.test_generate import KEYS, RECORD_IDS, REFERENCES

# A Sunday, so that two days on there is a newsletter.
TODAY = dt.date(2026, 3, 8)
KEY_OF = {
    "crm.contacts": "contact_id",
    "shop.customers": "id",
    "pos.members": "loyalty_id",
    "email.subscribers": "subscriber_id",
}


def settings(folder: Path) -> Settings:
    profile = {"type": "duckdb", "path": str(folder / "warehouse.duckdb")}
    return Settings(folder, folder, folder, "dev", profile)


def read(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("advanced")


@pytest.fixture(scope="module")
def before(folder: Path) -> DemoSummary:
    made = generate(settings(folder), 1500, 9, TODAY)
    shutil.copy(folder / "warehouse.duckdb", folder / "before.duckdb")
    return made


@pytest.fixture(scope="module")
def went(folder: Path, before: DemoSummary) -> AdvanceSummary:
    return advance(settings(folder), 3)


@pytest.fixture
def now(folder: Path, went: AdvanceSummary) -> Iterator[duckdb.DuckDBPyConnection]:
    with read(folder) as connection:
        connection.execute(f"attach '{folder / 'before.duckdb'}' as kept (read_only)")
        yield connection


def test_every_source_s_activity_goes_on(went: AdvanceSummary) -> None:
    for table in (
        "shop.orders",
        "shop.order_items",
        "pos.receipts",
        "web.events",
        "email.events",
        "consent.events",
    ):
        assert went.new_rows[table] > 0, table
    assert went.new_people >= 3
    # A row that is new was also loaded in these days.
    assert min(went.changed_rows.values()) >= 0


def test_the_clock_and_the_demo_are_three_days_on(
    now: duckdb.DuckDBPyConnection, went: AdvanceSummary
) -> None:
    assert went.today == dt.date(2026, 3, 11)
    assert now.execute("select as_of from cdp.clock").fetchall() == [(dt.datetime(2026, 3, 11, 23, 59, 59),)]


def test_no_row_that_was_there_is_lost(now: duckdb.DuckDBPyConnection) -> None:
    for table, key in KEYS:
        if table.startswith("truth") or key == "email":
            continue
        lost = f"select count(*) from kept.{table} anti join {table} using ({key})"
        assert number(now, lost) == 0, table


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_keys_stay_unique(now: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
    assert number(now, f"select count(*) - count(distinct {key}) from {table}") == 0


@pytest.mark.parametrize(("child", "column", "parent", "key"), REFERENCES)
def test_references_stay_whole(
    now: duckdb.DuckDBPyConnection, child: str, column: str, parent: str, key: str
) -> None:
    orphans = f"select count(*) from {child} anti join {parent} on {child}.{column} = {parent}.{key} "
    assert number(now, orphans + f"where {child}.{column} is not null") == 0


def test_the_truth_still_has_exactly_the_records(now: duckdb.DuckDBPyConnection) -> None:
    missing = f"select count(*) from ({RECORD_IDS}) as made anti join truth.records using (record_id)"
    invented = f"select count(*) from truth.records anti join ({RECORD_IDS}) as made using (record_id)"
    assert (number(now, missing), number(now, invented)) == (0, 0)


def test_changed_rows_are_changed_in_place_and_loaded_again(now: duckdb.DuckDBPyConnection) -> None:
    changed = 0
    for table, key in KEY_OF.items():
        changed += number(
            now,
            f"select count(*) from {table} as after inner join kept.{table} as before using ({key}) "
            "where after._loaded_at > before._loaded_at and after.updated_at >= timestamp '2026-03-09'",
        )
        silently = (
            f"select count(*) from {table} as after inner join kept.{table} as before using ({key}) "
            "where after is distinct from before and after._loaded_at <= before._loaded_at"
        )
        assert number(now, silently) == 0, table
    assert changed >= 3


def test_people_move_and_change_names_and_emails(
    now: duckdb.DuckDBPyConnection, went: AdvanceSummary
) -> None:
    assert min(went.moved, went.renamed, went.new_emails) >= 3
    for column in ("street", "last_name", "email"):
        changed = (
            "select count(*) from truth.people as after "
            "inner join kept.truth.people as before using (person_id) "
            f"where after.{column} <> before.{column} and after.former_{column} = before.{column}"
        )
        assert number(now, changed) >= 1, column


def test_some_rows_come_late(now: duckdb.DuckDBPyConnection) -> None:
    late = "select count(*) from web.events where occurred_at < '2026-03-09' and _loaded_at > '2026-03-09'"
    assert number(now, late) > 0


def test_people_withdraw_consent(now: duckdb.DuckDBPyConnection, went: AdvanceSummary) -> None:
    withdrawn = "select count(*) from consent.events where action = 'withdrawn' and starts_with(id, 'W')"
    assert number(now, withdrawn) == went.withdrawals >= 3


def test_the_support_source_gained_a_column(now: duckdb.DuckDBPyConnection) -> None:
    catalogs = now.execute(
        "select table_catalog from information_schema.columns "
        "where column_name = 'priority' and table_schema = 'support'"
    ).fetchall()
    assert catalogs == [("warehouse",)]


def test_three_days_at_once_are_three_times_one_day(
    folder: Path, went: AdvanceSummary, tmp_path: Path
) -> None:
    generate(settings(tmp_path), 1500, 9, TODAY)
    for _ in range(3):
        advance(settings(tmp_path), 1)
    with read(folder) as at_once, read(tmp_path) as one_by_one:
        assert fingerprints(at_once) == fingerprints(one_by_one)
