"""The same demo on both engines, and again a day later: the same people, values, segments and payloads."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests import spark
from tests.conftest import ROOT, Project, copy_project

pytestmark = [pytest.mark.spark, pytest.mark.slow]

DAYS = ("today", "tomorrow")
# What a run writes down about itself: its own ids and times.
OF_THE_RUN = {
    "run_id",
    "seen_at",
    "scored_at",
    "assigned_at",
    "occurred_at",
    "since_run",
    "event_id",
    "decided_at",
}
ABOUT_THE_RUN = {
    "identity.identity_run", "identity.identity_record_log", "identity.identity_models", "cdp.loads",
    "cdp.sync_runs", "cdp.sync_deliveries", "insights.delivery_summary", "identity.identity_assignments",
}  # fmt: skip


@dataclass(frozen=True)
class Both:
    """Two projects of one demo: folders of every model's rows by day, and what the receivers held."""

    rows: dict[str, Path]
    received: dict[tuple[str, str], Any]

    def query(self, day: str, sql: str) -> list[tuple[Any, ...]]:
        """Ask with `one.<schema>.<model>` and `other.<schema>.<model>` as Parquet files."""
        with duckdb.connect() as connection:
            for engine, name in (("one", "dev"), ("other", "spark")):
                connection.execute(f"attach ':memory:' as {engine}")
                for file in sorted((self.rows[name] / day).glob("*.parquet")):
                    schema, model = file.stem.split(".")
                    connection.execute(f"create schema if not exists {engine}.{schema}")
                    connection.execute(f"create view {engine}.{schema}.{model} as from '{file}'")
            return connection.execute(sql).fetchall()


def run_steps(project: Project, target: str, receiver: Receiver, steps: list[Any]) -> None:
    environment = {
        **project.environment,
        **receiver.environment,
        "DBT_TARGET": target,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.engine_session"],
        cwd=project.root, env=environment, input=json.dumps(steps), text=True, capture_output=True,
        timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    spark.skip_without_spark()
    folder = tmp_path_factory.mktemp("both_engines")
    rows, received = {}, {}
    for target in ("dev", "spark"):
        project = copy_project(folder / target)
        rows[target] = folder / f"{target}_rows"
        rows[target].mkdir()
        with Receiver(folder / f"{target}.sqlite") as receiver:
            first = ["demo", "--customers", "200", "--seed", "7", "--today", "2026-11-22"]
            for day, made in zip(DAYS, (first, ["demo", "--advance", "1"]), strict=True):
                run_steps(project, target, receiver, [made, ["run"], str(rows[target] / day)])
                received[target, day] = receiver.state()
    return Both(rows, received)


SAME_PEOPLE = """
    with
    people_of_one as (select profile_id, list(record_id order by record_id) as records
                      from one.identity.identity_map group by profile_id),
    people_of_other as (select profile_id, list(record_id order by record_id) as records
                        from other.identity.identity_map group by profile_id)
    select one_people.profile_id, len(records) as count_records
    from people_of_one as one_people inner join people_of_other as other_people using (profile_id, records)
"""


@pytest.mark.parametrize("day", DAYS)
def test_records_are_in_the_same_profiles(both: Both, day: str) -> None:
    (same,), (all_records,) = both.query(
        day,
        f"select sum(count_records) from ({SAME_PEOPLE}) "
        "union all select count(*) from one.identity.identity_map",
    )
    assert all_records > 500
    assert same >= 0.995 * all_records, f"{all_records - same} of {all_records} records differ"


@pytest.mark.parametrize("day", DAYS)
def test_where_profiles_agree_all_their_rows_do(both: Both, day: str) -> None:
    different = []
    compared = 0
    for file in sorted((both.rows["dev"] / day).glob("*.parquet")):
        name = file.stem
        if name in ABOUT_THE_RUN or not (both.rows["spark"] / day / file.name).exists():
            continue
        columns = [row[0] for row in both.query(day, f"describe one.{name}")]
        assert columns == [row[0] for row in both.query(day, f"describe other.{name}")], name
        values = ", ".join(
            f'try_cast("{column}" as varchar) as "{column}"' for column in columns if column not in OF_THE_RUN
        )
        # Numbers are compared as numbers: to six digits, whichever of double and decimal an engine gives.
        types = {row[0]: row[1] for row in both.query(day, f"describe one.{name}")}
        for column, kind in types.items():
            if kind in ("DOUBLE", "FLOAT") or kind.startswith(("DECIMAL", "HUGEINT")):
                values = values.replace(
                    f'try_cast("{column}" as varchar)', f'round(cast("{column}" as double), 6)'
                )
        kept = (
            f"where profile_id in (select profile_id from ({SAME_PEOPLE}))" if "profile_id" in columns else ""
        )
        one, other = (f"select {values} from {engine}.{name} {kept}" for engine in ("one", "other"))
        [(count,)] = both.query(
            day,
            f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))",
        )
        compared += 1
        if count:
            different.append(f"{name}: {count} rows")
    assert compared > 50
    assert not different


@pytest.mark.parametrize("day", DAYS)
def test_the_channels_hold_the_same(both: Both, day: str) -> None:
    one, other = (without_run(both.received[target, day]) for target in ("dev", "spark"))
    assert one["klaviyo"]["profiles"]
    assert one == other


def without_run(state: Any) -> Any:
    """What a receiver holds, without the ids that a run or the receiver gave, and in no order."""
    if isinstance(state, dict):
        rows = {key: without_run(value) for key, value in state.items() if key not in {"id", "event_id"}}
        if rows and all(
            isinstance(value, dict) and ("event" in value or "email" in value) for value in rows.values()
        ):
            return sorted(rows.values(), key=lambda row: json.dumps(row, sort_keys=True))
        return rows
    return [without_run(value) for value in state] if isinstance(state, list) else state
