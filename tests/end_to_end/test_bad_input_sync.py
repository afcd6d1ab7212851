"""What can be wrong around a sync: each is one sentence and an exit code, and nothing is sent or lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests.conftest import Project

SYNC = "klaviyo__vip_list"
TABLE = f"activation.{SYNC}"
MODEL = f"models/activation/{SYNC}.sql"
FIRST_TWO = f"(select external_id from {TABLE} order by external_id limit 2)"
FIRST = f"(select min(external_id) from {TABLE})"
HOLD = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(120)"

Arrange = Callable[[Project], AbstractContextManager[None]]


def ledger(project: Project) -> Path:
    return project.root / "data" / "ledger" / "dev" / f"{SYNC}.duckdb"


def sql(*statements: str) -> Arrange:
    """Change the warehouse, and put the old one back afterwards."""

    @contextmanager
    def change(project: Project) -> Iterator[None]:
        before = project.warehouse.read_bytes()
        with duckdb.connect(str(project.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)
        yield
        project.warehouse.write_bytes(before)

    return change


def model(old: str, new: str) -> Arrange:
    """Change the sync's model, and put the old one back afterwards."""

    @contextmanager
    def change(project: Project) -> Iterator[None]:
        path = project.root / MODEL
        before = path.read_text(encoding="utf-8")
        assert old in before
        path.write_text(before.replace(old, new), encoding="utf-8")
        yield
        path.write_text(before, encoding="utf-8")

    return change


def held(which: Callable[[Project], Path]) -> Arrange:
    """Hold a database file in another process meanwhile."""

    @contextmanager
    def hold(project: Project) -> Iterator[None]:
        command = [sys.executable, "-c", HOLD, str(which(project))]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            yield
            holder.kill()

    return hold


@contextmanager
def broken_ledger(project: Project) -> Iterator[None]:
    before = ledger(project).read_bytes()
    ledger(project).write_bytes(b"no database")
    yield
    assert ledger(project).read_bytes() == b"no database"
    ledger(project).write_bytes(before)


@contextmanager
def lost_ledger(project: Project) -> Iterator[None]:
    before = ledger(project).read_bytes()
    ledger(project).unlink()
    yield
    ledger(project).write_bytes(before)


@dataclass(frozen=True)
class Case:
    """One thing that is wrong, and what is said and returned."""

    name: str
    sentence: str
    code: int
    arrange: Arrange = field(default=lambda _: nullcontext())
    command: tuple[str, ...] = ("sync", SYNC)


CASES = [
    Case("an unknown sync", "There is no sync 'klaviyo__vips'. Did you mean klaviyo__vip_list", 4,
         command=("sync", "klaviyo__vips")),
    Case("doubt resolved for nobody", "--resolve-doubt needs the name of exactly one sync", 2,
         command=("sync", "--resolve-doubt", "applied")),
    Case("an unknown key", f"({MODEL}): unknown key 'purpos', did you mean 'purpose'?", 4,
         model("'purpose'", "'purpos'")),
    Case("an unknown mode", f"({MODEL}): 'mode' is wrong: input should be 'upsert', 'update', 'create', ", 4,
         model("'mode': 'audience'", "'mode': 'audiences'")),
    Case("an unknown purpose", "seeds/consent/purposes.csv does not have. Did you mean marketing_email?", 4,
         model("'marketing_email'", "'marketing_mail'")),
    Case("a table that is not built", f"The warehouse has no table {TABLE}, which sync {SYNC} sends.", 6,
         sql(f"drop table {TABLE}")),
    Case("no consent table", "has no table profiles.purposes, so consent cannot be checked", 6,
         sql("drop table profiles.purposes")),
    Case("an empty table", f"{TABLE} is empty, and the destination has", 8, sql(f"delete from {TABLE}")),
    Case("a null key", f"1 of 2 rows of {TABLE} have no key (profile_id); nothing was sent.", 8,
         sql(f"delete from {TABLE} where external_id not in {FIRST_TWO}",
             f"update {TABLE} set profile_id = null where external_id = {FIRST}")),
    Case("a repeated key", f"rows of {TABLE} repeat the key (profile_id) of another; nothing was sent.", 8,
         sql(f"insert into {TABLE} select * from {TABLE}")),
    Case("most people gone", "more than its guard of 50%; nothing was changed.", 8,
         sql(f"delete from {TABLE} where external_id <> {FIRST}")),
    Case("a warehouse in use", "is in use by process", 5, held(lambda project: project.warehouse)),
    Case("a sync that runs already", f"Sync {SYNC} is already running in process", 5, held(ledger)),
    Case("a ledger that is no database", f"the ledger of sync {SYNC}, cannot be opened as a DuckDB file.", 4,
         broken_ledger),
    Case("a lost ledger", f"Sync {SYNC} has no ledger, though the warehouse knows of its runs until", 8,
         lost_ledger),
]  # fmt: skip


@pytest.fixture(scope="module")
def synced(
    built_demo: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Project, Receiver]]:
    project = built_demo.copy(tmp_path_factory.mktemp("synced") / "project")
    with Receiver() as receiver:
        ran = project.cdp("sync", SYNC, **receiver.environment)
        assert ran.code == 0, ran.err
        yield project, receiver


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_said_in_one_sentence_and_nothing_is_sent(case: Case, synced: tuple[Project, Receiver]) -> None:
    project, receiver = synced
    before = receiver.log()
    with case.arrange(project):
        ran = project.cdp(*case.command, **receiver.environment)
    said = " ".join(ran.err.split())
    assert case.sentence in said, said
    assert ran.code == case.code
    assert "Traceback" not in said
    assert receiver.log() == before


def test_afterwards_the_destination_still_has_everything(synced: tuple[Project, Receiver]) -> None:
    project, receiver = synced
    result = project.cdp("sync", SYNC, "--json", **receiver.environment).json["syncs"][0]
    assert (result["status"], result["requests"]) == ("succeeded", 0)
    assert result["unchanged"] > 0
