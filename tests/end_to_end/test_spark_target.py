"""Commands on the Spark target: they say and send what they do on DuckDB, from equal tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_cli.activation.ledger import open_ledger
from cdp_cli.activation.plan import make_plan
from cdp_cli.activation.spec import choose_names, load_sync
from cdp_cli.config import Settings
from cdp_cli.destinations import connect
from cdp_cli.errors import FixInput
from cdp_cli.move import log_tables, move
from cdp_cli.project import load_project
from cdp_cli.receiver import Receiver
from cdp_cli.warehouse import open_warehouse
from tests.conftest import Project
from tests.spark import DEV, SPARK, cdp, environment, settings_of

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def both(project: Project, *arguments: object, **extra: str) -> tuple[Any, Any]:
    """The JSON that a command prints for each target."""
    answers = []
    for target in (DEV, SPARK):
        ran = cdp(project, *arguments, "--target", target, "--json", **extra)
        assert ran.code == 0, ran.err
        assert ran.err == ""
        answers.append(ran.json)
    return answers[0], answers[1]


def person(project: Project) -> dict[str, Any]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select profile_id, email, phone from profiles.profiles "
            "where count_sources > 2 and email is not null and phone in ("
            "    select identifier_value from profiles.profile_identifiers "
            "    group by identifier_value having count(*) = 1"
            ") order by profile_id limit 1"
        ).fetchall()
    return dict(zip(("profile_id", "email", "phone"), found[0], strict=True))


def test_logs_and_raw_tables_moved_row_by_row(spark_project: Project) -> None:
    with environment(spark_project):
        project = load_project(settings_of(spark_project, DEV))
    names = [*log_tables(project), ("crm", "contacts"), ("shop", "orders")]
    assert ("identity", "identity_assignments") in names
    assert ("segments", "segment_events") in names
    with (
        open_warehouse(settings_of(spark_project, DEV)) as dev,
        open_warehouse(settings_of(spark_project, SPARK)) as spark,
    ):
        for schema, table in names:
            sql = f"select * from {schema}.{table}"
            there, here = spark.arrow(sql), dev.arrow(sql)
            assert there.schema.names == here.schema.names
            assert sorted(map(str, there.to_pylist())) == sorted(map(str, here.to_pylist())), table


def test_what_was_moved_is_not_moved_twice(spark_project: Project) -> None:
    ran = cdp(spark_project, "move", "--to", SPARK, "--json")
    assert ran.code == 0, ran.err
    assert all(table["was_there"] for table in ran.json["tables"] if table["rows"])


def test_the_way_back_is_the_same_way(spark_project: Project, tmp_path: Path) -> None:
    with environment(spark_project):
        project = load_project(settings_of(spark_project, DEV))
    profile = {"type": "duckdb", "path": str(tmp_path / "back.duckdb")}
    back = Settings(spark_project.root, spark_project.root, tmp_path, "back", profile)
    spark = settings_of(spark_project, SPARK)
    move(spark, project, back, project)
    for name in ("identity.identity_assignments", "identity.identity_models", "shop.orders", "web.events"):
        with open_warehouse(back) as there, open_warehouse(settings_of(spark_project, DEV)) as dev:
            returned, kept = (w.arrow(f"select * from {name} order by all") for w in (there, dev))
            assert returned.schema.types == kept.schema.types
            assert returned.to_pylist() == kept.to_pylist()

    with open_warehouse(back, read_only=False) as there:
        there.execute("insert into identity.identity_models from identity.identity_models")
    with pytest.raises(FixInput, match=r"identity\.identity_models has 2 rows in the target 'back' and 1 in"):
        move(spark, project, back, project)


def test_status_is_the_same(spark_project: Project) -> None:
    dev, spark = both(spark_project, "status")
    assert dev["people"] > 200
    assert spark == dev


@pytest.mark.parametrize("by", ["profile_id", "email", "phone"])
def test_a_person_is_found_and_shown_the_same(spark_project: Project, by: str) -> None:
    dev, spark = both(spark_project, "profile", "show", person(spark_project)[by])
    assert dev["profile"]["records"]
    assert spark == dev


def test_identity_is_evaluated_the_same(spark_project: Project) -> None:
    dev, spark = both(spark_project, "identity", "evaluate")
    for answer in (dev, spark):
        del answer["seconds"], answer["peak_memory_mb"]
    assert dev["clusters"]["f1"] > 0.9
    assert spark == dev


def test_payloads_and_gates_are_the_same_to_the_byte(spark_project: Project, receiver: Receiver) -> None:
    sent = 0
    with environment(spark_project), pytest.MonkeyPatch.context() as patch:
        for name, value in receiver.environment.items():
            patch.setenv(name, value)
        project = load_project(settings_of(spark_project, DEV))
        for name in choose_names(project):
            sync = load_sync(project, name)
            rendered = []
            for target in (DEV, SPARK):
                settings = settings_of(spark_project, target)
                destination = connect(sync.spec.connection, sync.spec.object, settings)
                with (
                    open_ledger(settings.ledger_dir, name, read_only=True) as ledger,
                    open_warehouse(settings) as warehouse,
                ):
                    make_plan(warehouse, ledger, sync, destination)
                    rendered.append(
                        ledger.work.execute(
                            "select key, profile_id, blocked, invalid, body, hash from planned order by all"
                        ).fetchall()
                    )
            assert rendered[0] == rendered[1], name
            sent += len(rendered[1])
    assert sent > 100


def test_what_was_sent_is_not_sent_again(spark_project: Project, receiver: Receiver) -> None:
    arguments = ("sync", "klaviyo__vip_list", "klaviyo__newsletter_profiles", "--target", SPARK, "--json")
    first = cdp(spark_project, *arguments, **receiver.environment)
    assert first.code == 0, first.err
    assert sum(result["added"] for result in first.json["syncs"]) > 50
    second = cdp(spark_project, *arguments, **receiver.environment)
    assert [result["added"] + result["changed"] + result["removed"] for result in second.json["syncs"]] == [
        0,
        0,
    ]
    with open_warehouse(settings_of(spark_project, SPARK)) as warehouse:
        [runs] = warehouse.rows("select count(*) as n, sum(added) as added from cdp.sync_runs")
        [delivered] = warehouse.rows(
            "select count(*) as n from cdp.sync_deliveries where outcome = 'acknowledged'"
        )
    assert runs["n"] == 4
    assert runs["added"] == delivered["n"]


def test_a_decision_is_written_down(spark_project: Project) -> None:
    with open_warehouse(settings_of(spark_project, SPARK)) as warehouse:
        one, other = (
            row["record_id"]
            for row in warehouse.rows(
                "select record_id from identity.identity_records order by record_id limit 2"
            )
        )
    ran = cdp(
        spark_project,
        "identity",
        "decide",
        one,
        other,
        "--different",
        "--why",
        "two people",
        "--target",
        SPARK,
    )
    assert ran.code == 0, ran.err
    with open_warehouse(settings_of(spark_project, SPARK)) as warehouse:
        [noted] = warehouse.rows("select * from cdp.identity_decisions")
    assert (noted["left_record_id"], noted["decision"]) == (one, "different")


def test_doctor_finds_the_raw_tables_as_declared(spark_project: Project, receiver: Receiver) -> None:
    ran = cdp(spark_project, "doctor", "--target", SPARK, "--json", **receiver.environment)
    said = [check for check in ran.json["checks"] if check["check"] in ("Raw tables", "Warehouse")]
    assert [check["finding"]["verdict"] for check in said] == ["ok", "ok"], said


def test_a_metastore_that_another_process_holds_is_waited_for_in_vain(spark_project: Project) -> None:
    with open_warehouse(settings_of(spark_project, SPARK)):
        ran = spark_project.cdp("profile", "show", "nobody", "--target", SPARK)
    assert ran.code == 5, ran.err
    assert " ".join(ran.err.split()) == (
        f"The Spark metastore {spark_project.root}/data/spark/metastore is in use by another process. "
        "Wait until it is done, or stop it, and try again."
    )
