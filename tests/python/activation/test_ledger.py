"""The ledger and the outbox: what they keep, what they never keep, and who may open them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import duckdb
import pytest

from cdp_cli.errors import FixConfiguration, TryAgain

from .conftest import World, person
from .double import BUSY, CUT_BEFORE

HOLD = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(60)"


def test_no_payload_outlives_its_run(world: World) -> None:
    world.arrange(person("a", city="Zwiebelhausen"))
    world.run()
    assert [path.name for path in world.ledger_dir.iterdir()] == ["crm__people.duckdb"]
    assert b"Zwiebelhausen" not in (world.ledger_dir / "crm__people.duckdb").read_bytes()
    assert world.ledger("select key, profile_id, match_keys from acknowledged") == [
        ("a", "a", '{"external_id":"a","email":"a@example.com"}')
    ]


def test_what_is_in_doubt_keeps_its_own_rows_only(world: World) -> None:
    world.destination.rows = 1
    world.destination.concurrency = 1
    world.arrange(person("a", city="Aachenerstrasse"), person("b", city="Bernauerstrasse"))
    world.receiver.failures = [("", 200, {})] + [CUT_BEFORE] * 6
    result = world.run()
    assert (result.added, result.in_doubt, result.status) == (1, 1, "partial")
    outbox = (world.ledger_dir / "crm__people.outbox.duckdb").read_bytes()
    assert b"Bernauerstrasse" in outbox
    assert b"Aachenerstrasse" not in outbox
    assert world.run().added == 1


def test_a_second_run_at_once_says_so(world: World) -> None:
    world.arrange(person("a"))
    world.run()
    ledger = str(world.ledger_dir / "crm__people.duckdb")
    with subprocess.Popen([sys.executable, "-c", HOLD, ledger], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            with pytest.raises(TryAgain, match=f"already running in process {holder.pid}"):
                world.run()
        finally:
            holder.kill()
    assert world.run().status == "succeeded"


def test_a_ledger_that_is_no_database_is_refused_and_left_alone(world: World) -> None:
    world.arrange(person("a"))
    world.ledger_dir.mkdir(parents=True)
    path = world.ledger_dir / "crm__people.duckdb"
    path.write_text("not a database")
    with pytest.raises(FixConfiguration, match="cannot be opened as a DuckDB file"):
        world.run()
    assert path.read_text() == "not a database"


def _truncated(whole: bytes) -> bytes:
    return whole[:5000]


def _empty(whole: bytes) -> bytes:
    return b""


def _garbage(whole: bytes) -> bytes:
    return b"\x93lock\x00" * 4000


def _wrong_checksum(whole: bytes) -> bytes:
    # DuckDB says "... does not match stored checksum ... in block at location ...".
    return whole[:8292] + b"\x55" * 200 + whole[8492:]


@pytest.mark.parametrize("damaged", [_truncated, _empty, _garbage, _wrong_checksum])
def test_a_damaged_ledger_is_not_said_to_be_in_use(world: World, damaged: Callable[[bytes], bytes]) -> None:
    world.arrange(person("a"))
    world.run()
    path = world.ledger_dir / "crm__people.duckdb"
    path.write_bytes(damaged(path.read_bytes()))
    with pytest.raises(FixConfiguration, match="cannot be opened as a DuckDB file"):
        world.run()


def test_an_outbox_that_no_ledger_names_is_dropped(world: World) -> None:
    world.arrange(person("a"))
    world.run()
    (world.ledger_dir / "crm__people.outbox.duckdb").write_bytes(b"half a file")
    assert world.run().status == "succeeded"
    assert not (world.ledger_dir / "crm__people.outbox.duckdb").exists()


def test_runs_and_deliveries_are_published(world: World) -> None:
    world.arrange(person("a"), person("b"), person("c", city="Nowhere"), without_consent=("b",))
    world.run()
    world.arrange(person("b"), without_consent=("b",))
    world.run()
    world.run()
    assert world.warehouse(
        "select status, added, changed, removed, unchanged, blocked, invalid, rejected, in_doubt, requests "
        "from cdp.sync_runs where sync = 'crm__people' order by started_at"
    ) == [
        ("succeeded", 1, 0, 0, 0, 1, 1, 0, 0, 1),
        ("succeeded", 0, 0, 1, 0, 1, 0, 0, 0, 1),
        ("succeeded", 0, 0, 0, 0, 1, 0, 0, 0, 0),
    ]
    assert world.warehouse(
        "select profile_id, operation, outcome, reason from cdp.sync_deliveries "
        "order by occurred_at, profile_id"
    ) == [
        ("a", "add", "acknowledged", None),
        ("b", "block", "blocked", "consent"),
        ("c", "add", "invalid", "no such city"),
        ("a", "remove", "acknowledged", "left"),
    ]


def test_a_locked_warehouse_loses_no_results(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdp_cli.activation.publish._WAIT_SECONDS", 0.2)
    world.arrange(person("a"))
    world.receiver.delay = 1.0
    warehouse = str(world.folder / "warehouse.duckdb")
    # Readers may stand side by side, so the run reads; a writer must wait for them, so it cannot publish.
    hold = HOLD.replace("connect(sys.argv[1])", "connect(sys.argv[1], read_only=True)")
    with subprocess.Popen([sys.executable, "-c", hold, warehouse], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        result = world.run()
        holder.kill()
    assert (result.status, result.added, result.is_published) == ("succeeded", 1, False)
    assert world.run().is_published
    assert world.warehouse("select count(*) from cdp.sync_runs") == [(2,)]
    assert world.warehouse("select count(*) from cdp.sync_deliveries") == [(1,)]


def test_results_are_published_once_though_the_ledger_forgot_that_it_did(world: World) -> None:
    world.arrange(person("a"))
    world.run()
    with duckdb.connect(str(world.ledger_dir / "crm__people.duckdb")) as ledger:
        ledger.execute("update runs set published = false")
        ledger.execute(
            "insert into deliveries select run_id, 'a', 'add', 'acknowledged', null, ended_at from runs"
        )
    world.run()
    assert world.warehouse("select count(*) from cdp.sync_runs") == [(2,)]
    assert world.warehouse("select count(*) from cdp.sync_deliveries") == [(1,)]


def test_a_row_newly_blocked_is_noted_once(world: World) -> None:
    world.arrange(person("a"), without_consent=("a",))
    world.run()
    world.run()
    assert world.warehouse("select operation from cdp.sync_deliveries") == [("block",)]


def test_what_each_run_blocked_is_told_by_reason(world: World) -> None:
    world.arrange(person("a"), person("b"), person("c"), without_consent=("a", "b"), suppressed={"c": "*"})
    assert world.run().blocked == {"consent": 2, "suppression": 1}
    world.arrange(person("b"), person("c"), without_consent=("b",))
    assert world.run().blocked == {"consent": 1}
    assert world.warehouse(
        "select reason, count_rows from cdp.sync_blocked inner join cdp.sync_runs using (run_id, sync) "
        "order by started_at, reason"
    ) == [("consent", 2), ("suppression", 1), ("consent", 1)]
    assert world.ledger("select count(*) from blocked") == [(0,)]


def test_a_ledger_of_an_earlier_version_gets_the_tables_that_it_lacks(world: World) -> None:
    world.arrange(person("a"), person("b"), without_consent=("b",))
    world.run()
    with duckdb.connect(str(world.ledger_dir / "crm__people.duckdb")) as ledger:
        ledger.execute("drop table blocked")
    assert (world.run().unchanged, world.run().blocked) == (1, {"consent": 1})


def test_a_ledger_of_an_earlier_version_keeps_what_it_noted_of_blocked_rows(world: World) -> None:
    world.arrange(person("a"), person("b"), without_consent=("b",))
    world.run()
    with duckdb.connect(str(world.ledger_dir / "crm__people.duckdb")) as ledger:
        ledger.execute("alter table blocked_or_invalid rename to held_back")
    assert world.plan().blocked == {"consent": 1}
    assert (world.run().unchanged, world.run().blocked) == (1, {"consent": 1})
    assert world.warehouse("select operation from cdp.sync_deliveries order by 1") == [("add",), ("block",)]


def test_a_plan_counts_what_a_dead_run_had_answered(world: World) -> None:
    world.arrange(person("a"))
    world.receiver.failures = [BUSY] * 6
    world.run()
    plan = world.plan()
    assert (plan.added, plan.in_doubt) == (1, 0)
