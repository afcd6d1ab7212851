"""The same raw data gives the same ids, profiles and payloads, whatever the row order and the threads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project, copy_project

RAW_SCHEMAS = ["crm", "shop", "pos", "web", "email", "support", "consent"]

# What must be equal to the byte. Logs carry the time of their run and are compared without it.
COMPARED = {
    "identity.identity_map": "*",
    "identity.identity_assignments": "* exclude (run_id, assigned_at)",
    "profiles.profiles": "*",
    "profiles.profile_provenance": "*",
    "profiles.profile_identifiers": "*",
    "profiles.profile_consents": "*",
    "profiles.profile_suppressions": "*",
    "profiles.profile_traits": "*",
    "segments.segment_members": "*",
    # An entry is known by its run, because a person can enter twice at one business moment.
    "activation.webhook__segment_events": "* exclude (event_id)",
}


def copy_raw_tables(source: Path, destination: Path, order: str) -> None:
    connection = duckdb.connect(str(destination))
    connection.execute(f"attach '{source}' as original (read_only)")
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = 'original' and (list_contains(?, table_schema) or table_name = 'clock')",
        [RAW_SCHEMAS],
    ).fetchall()
    for schema, table in tables:
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(
            f"create table {schema}.{table} as from original.{schema}.{table} as t order by {order}"
        )
    connection.close()


def differences(left: Path, right: Path) -> dict[str, int]:
    """How many rows stand in one warehouse and not in the other, by table."""
    connection = duckdb.connect()
    connection.execute(f"attach '{left}' as l (read_only)")
    connection.execute(f"attach '{right}' as r (read_only)")
    tables = dict(COMPARED)
    found = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_catalog = 'l' and table_schema in ('activation', 'segments') "
        "and table_type = 'BASE TABLE' and table_name <> 'segment_events'"
    ).fetchall()
    tables = {name: "*" for (name,) in found} | tables
    counts = {}
    for table, columns in tables.items():
        one, other = f"select {columns} from l.{table}", f"select {columns} from r.{table}"
        counts[table] = connection.execute(
            f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))"
        ).fetchone()[0]
    return counts


@pytest.mark.slow
def test_shuffled_rows_and_another_thread_count_change_nothing(built_demo: Project, tmp_path: Path) -> None:
    shuffled = copy_project(tmp_path / "shuffled")
    copy_raw_tables(built_demo.warehouse, shuffled.warehouse, order="md5(cast(t as varchar))")
    built = shuffled.dbt("build", "--threads", "1")
    assert built.code == 0, built.out
    counts = differences(built_demo.warehouse, shuffled.warehouse)
    assert len(counts) > len(COMPARED)
    assert counts == dict.fromkeys(counts, 0)


def test_the_comparison_sees_one_changed_value(built_demo: Project, tmp_path: Path) -> None:
    other = built_demo.copy(tmp_path / "other")
    connection = duckdb.connect(str(other.warehouse))
    connection.execute(
        "update profiles.profile_traits set count_orders_60d = coalesce(count_orders_60d, 0) + 1 "
        "where profile_id = (select min(profile_id) from profiles.profile_traits)"
    )
    connection.close()
    assert differences(built_demo.warehouse, other.warehouse)["profiles.profile_traits"] == 2
