"""The same demo on both engines, and again a day later: the same people, values, segments and payloads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests import spark
from tests.conftest import ROOT, TODAY, Project, copy_project

pytestmark = pytest.mark.slow

DAYS = ("today", "tomorrow")
ENGINES = ("dev", "spark")
# What a run writes down about itself: its ids and times, and the model's, which name all that it weighed.
OF_THE_RUN = {
    "run_id", "seen_at", "scored_at", "assigned_at", "occurred_at", "event_id", "decided_at", "retired_at",
    "version", "minted_at", "refused_at",
}  # fmt: skip
ABOUT_THE_RUN = {
    "identity.identity_run", "identity.identity_record_log", "identity.identity_models", "cdp.loads",
    "cdp.sync_runs", "cdp.sync_deliveries", "insights.delivery_summary", "identity.identity_assignments",
    "identity.household_assignments",
}  # fmt: skip
# One engine's Jaro-Winkler rounds half a transposition down and the other's does not, so that what training
# counts as "similar" differs by a handful of pairs, and each weight by some millionths.
WEIGHTS = {"match_weight", "match_probability", "linked_probability", "consequence"}

# Spark's settings for small data, where nothing is worth compiling well, and nothing worth planning twice.
NO_SETTINGS = "\n      server_side_parameters: {}\n"
SMALL = """
      server_side_parameters:
        spark.sql.adaptive.enabled: "false"
        spark.sql.codegen.wholeStage: "false"
        spark.sql.codegen.factoryMode: NO_CODEGEN
        spark.driver.extraJavaOptions: -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""

# Views over views over views: each test, segment and sync that reads one has Spark plan and compute them all
# again, a minute a day. The same SQL is stored once, on both engines.
VIEWS = (
    "profile_consent_statements", "profile_email_refusals", "profile_email_grants", "profile_consents",
    "profile_suppressions", "profile_activity",
)  # fmt: skip
# The data tests of one layer, with each kind of test in it. Those of the others hold on Spark where its rows
# are those of DuckDB, which has them all.
FEW_TESTS = """
data_tests:
  +enabled: "{{ target.type == 'duckdb' }}"
  cdp:
    profiles:
      +enabled: true
"""

# Fails when the rows are already being written.
BROKEN = {
    "file": "dbt_packages/cdp/models/profiles/profile_identifiers.sql",
    "old": "select * from final",
    "new": "select * from final where cast(identifier_value as integer) > 0",
    "fail": ["dbt", "run", "--select", "profile_identifiers"],
}


def arrange_quick(project: Project) -> None:
    """Make a copy of the project quick on Spark."""
    _replace(project.root / "profiles.yml", NO_SETTINGS, SMALL)
    for view in VIEWS:
        properties = project.engine / "models" / "profiles" / f"{view}.yml"
        _replace(properties, "materialized: view", "materialized: table")
    dbt_project = project.root / "dbt_project.yml"
    dbt_project.write_text(dbt_project.read_text(encoding="utf-8") + FEW_TESTS, encoding="utf-8")


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def run_steps(project: Project, target: str, receiver: Receiver, store: Path, steps: list[Any]) -> None:
    environment = {
        **project.environment, **receiver.environment, "DBT_TARGET": target, "PYTHONPATH": str(ROOT),
        "RECEIVER_STORE": str(store),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.engine_session"],
        cwd=project.root, env=environment, input=json.dumps(steps), text=True, capture_output=True,
        timeout=2400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(arrange_quick, id="quick"),
        pytest.param(lambda project: None, id="as_it_is", marks=pytest.mark.deep),
    ],
)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """Folders of every model's rows, by engine and day; of a quick project and, in depth, as it is."""
    spark.skip_without_spark()
    folder = tmp_path_factory.mktemp("both_engines")
    folders = {(engine, day): folder / f"{engine}_{day}" for engine in ENGINES for day in (*DAYS, "failed")}
    for engine in ENGINES:
        project = copy_project(folder / engine)
        request.param(project)
        store = folder / f"{engine}.sqlite"
        with Receiver(store) as receiver:
            run_steps(project, engine, receiver, store, [
                ["demo", "--customers", "200", "--seed", "7", "--today", TODAY],
                ["run"], str(folders[engine, "today"]),
                BROKEN, str(folders[engine, "failed"]),
                ["demo", "--advance", "1"],
                ["run"], str(folders[engine, "tomorrow"]),
            ])  # fmt: skip
    return folders


@pytest.fixture(scope="module")
def ask(kept: dict[tuple[str, str], Path]) -> Any:
    """Ask in SQL, with `<engine>_<day>.<model>` for the rows of a model; gives rows."""
    with duckdb.connect() as connection:
        for (engine, day), folder in kept.items():
            connection.execute(f"create schema {engine}_{day}")
            for file in folder.glob("*.parquet"):
                connection.execute(f"create view {engine}_{day}.\"{file.stem}\" as from '{file}'")
        for day in DAYS:
            connection.execute(f"""
                create table same_{day} as
                with
                dev as (select profile_id, list(record_id order by record_id) as records
                        from dev_{day}."identity.identity_map" group by profile_id),
                spark as (select profile_id, list(record_id order by record_id) as records
                          from spark_{day}."identity.identity_map" group by profile_id)
                select profile_id, len(records) as count_records
                from dev inner join spark using (profile_id, records)
            """)
        yield lambda sql: connection.execute(sql).fetchall()


@pytest.mark.parametrize("day", DAYS)
def test_records_are_in_the_same_profiles(ask: Any, day: str) -> None:
    [(same,)] = ask(f"select sum(count_records) from same_{day}")
    [(records,)] = ask(f'select count(*) from dev_{day}."identity.identity_map"')
    assert records > 500
    assert same >= 0.995 * records, f"{records - same} of {records} records differ"


@pytest.mark.parametrize("day", DAYS)
def test_where_profiles_agree_all_their_rows_do(
    ask: Any, kept: dict[tuple[str, str], Path], day: str
) -> None:
    names = {file.stem for file in kept["dev", day].glob("*.parquet")} - ABOUT_THE_RUN
    assert len(names) > 45
    different = [
        f"{name}: {count} rows" for name in sorted(names) if (count := count_different(ask, name, day))
    ]
    assert not different


def count_different(ask: Any, name: str, day: str) -> int:
    types = {row[0]: row[1] for row in ask(f'describe dev_{day}."{name}"')}
    assert list(types) == [row[0] for row in ask(f'describe spark_{day}."{name}"')], name
    values = ", ".join(comparable(column, kind) for column, kind in types.items() if column not in OF_THE_RUN)
    kept = f"where profile_id in (select profile_id from same_{day})" if "profile_id" in types else ""
    dev, other = (f'select {values} from {engine}_{day}."{name}" {kept}' for engine in ENGINES)
    [(count,)] = ask(
        f"select count(*) from (({dev} except all {other}) union all ({other} except all {dev}))"
    )
    return int(count)


def comparable(column: str, kind: str) -> str:
    """SQL for a value as it is compared: numbers as numbers, whichever of double and decimal they are."""
    if column in WEIGHTS:
        return f'round(cast("{column}" as double), 2)'
    if kind in ("DOUBLE", "FLOAT", "HUGEINT") or kind.startswith("DECIMAL"):
        return f'round(cast("{column}" as double), 6)'
    if column == "comparisons":
        return """regexp_replace(comparisons, '([.][0-9])[0-9]*', '\\1', 'g')"""
    return f'cast("{column}" as varchar)'


@pytest.mark.parametrize("day", DAYS)
def test_the_destinations_hold_the_same(kept: dict[tuple[str, str], Path], day: str) -> None:
    held = {
        engine: without_run(json.loads((kept[engine, day] / "received.json").read_text(encoding="utf-8")))
        for engine in ENGINES
    }
    assert held["dev"]["klaviyo"]["profiles"]
    assert held["dev"] == held["spark"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_build_that_fails_leaves_the_last_good_table(ask: Any, engine: str) -> None:
    # The day after shows that the next run repairs it.
    [(count,)] = ask(f"""
        select count(*) from (
            select * from {engine}_today."profiles.profile_identifiers"
            except all select * from {engine}_failed."profiles.profile_identifiers"
        )
    """)
    [(rows,)] = ask(f'select count(*) from {engine}_failed."profiles.profile_identifiers"')
    assert rows and not count


def without_run(state: Any) -> Any:
    """What a receiver holds, without the ids that a run or the receiver gave, and in no order."""
    if not isinstance(state, dict):
        return state
    rows = {key: without_run(value) for key, value in state.items() if key not in {"id", "event_id"}}
    if rows and all(isinstance(value, dict) and {"event", "email"} & set(value) for value in rows.values()):
        return sorted(rows.values(), key=lambda row: json.dumps(row, sort_keys=True))
    return rows
