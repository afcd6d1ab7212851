"""Two who share one warehouse: with a schema prefix, nothing of the one reaches the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests.conftest import Project, Ran, copy_project

pytestmark = pytest.mark.slow

PREFIX = "ana_"
RAW = {"crm", "shop", "pos", "web", "email", "support", "consent", "truth"}
EXPORT = """
{{ config(meta={'sync': {
    'connection': 'exports', 'object': 'readers', 'mode': 'mirror', 'purpose': 'advertising'
}}) }}

select profile_id, email from {{ ref('profiles') }} where email is not null
"""


@dataclass(frozen=True)
class Side:
    """One of the two, with a prefix and a receiver of its own; project, warehouse and data are shared."""

    project: Project
    receiver: Receiver
    prefix: str

    def cdp(self, *arguments: object) -> Ran:
        ran = self.project.cdp(*arguments, **self.receiver.environment, CDP_SCHEMA_PREFIX=self.prefix)
        assert ran.code == 0, ran.err
        return ran

    def send(self, *arguments: object) -> dict[str, dict[str, Any]]:
        return {result["name"]: result for result in self.cdp(*arguments, "--json").json["syncs"]}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query in which ^ stands for the prefix."""
        with duckdb.connect(str(self.project.warehouse), read_only=True) as connection:
            return connection.execute(sql.replace("^", self.prefix)).fetchall()

    @property
    def ledgers(self) -> Path:
        return self.project.root / "data" / "ledger" / "dev" / self.prefix

    @property
    def exports(self) -> Path:
        return self.project.root / "data" / "exports" / self.prefix

    def traces(self) -> dict[str, object]:
        """All that is this side's: each of its tables by content, its ledgers, files and deliveries."""
        with duckdb.connect(str(self.project.warehouse), read_only=True) as connection:
            found = connection.execute(f"{_TABLES} where table_type = 'BASE TABLE'").fetchall()
            tables = {
                f"{schema}.{table}": connection.execute(
                    f'select count(*), bit_xor(hash(t)) from "{schema}"."{table}" as t'
                ).fetchone()
                for schema, table in found
                if schema.startswith(PREFIX) == bool(self.prefix)
            }
        files = {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in (self.ledgers, self.exports)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (self.prefix or PREFIX not in path.parts)
        }
        return {**tables, **files, "received": self.receiver.state()}


@pytest.fixture(scope="module")
def sides(built_demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """Production, which has sent, and Ana, who has built and sent since, in one warehouse."""
    project = built_demo.copy(tmp_path_factory.mktemp("prefix") / "project")
    # The retailer's own export may be empty on a day.
    (project.root / "models" / "activation" / "files__readers.sql").write_text(EXPORT, encoding="utf-8")
    assert project.dbt("build", "--select", "files__readers").code == 0
    with Receiver() as of_production, Receiver() as of_ana:
        production, ana = Side(project, of_production, ""), Side(project, of_ana, PREFIX)
        production.send("sync")
        before = production.traces()
        ana.send("run")
        assert production.traces() == before
        yield production, ana


def test_every_table_of_the_other_is_in_a_schema_of_its_own(sides: tuple[Side, Side]) -> None:
    production, ana = sides
    tables = {f"{schema}.{table}" for schema, table in production.rows(_TABLES)}
    own = {name.removeprefix(PREFIX) for name in tables if name.startswith(PREFIX)}
    others = {name for name in tables if not name.startswith(PREFIX)}
    shared = {name for name in others if name.partition(".")[0] in RAW} | {"cdp.clock"}
    assert own == others - shared - {"cdp.loads"}
    assert ana.rows("select count(*) from ^profiles.profiles")[0][0] > 300


def test_both_have_sent_all_and_neither_sends_the_others(sides: tuple[Side, Side]) -> None:
    production, ana = sides
    assert ana.receiver.state()["klaviyo"].keys() == production.receiver.state()["klaviyo"].keys()
    before = production.traces(), ana.traces()
    for side in sides:
        results = side.send("sync")
        assert sum(result["requests"] for result in results.values()) == 0
        assert sum(result["unchanged"] for result in results.values()) > 100
        assert side.cdp("status", "--json").json["people"] > 100
    assert production.receiver.state() == before[0]["received"]
    assert ana.receiver.state() == before[1]["received"]
    for side in sides:
        assert {run for (run,) in side.rows("select distinct sync from ^cdp.sync_runs")} == set(results)
        assert side.rows("select count(*) from ^segments.segment_events")[0][0] > 100
    runs = [{run for (run,) in side.rows("select run_id from ^cdp.sync_runs")} for side in sides]
    assert not runs[0] & runs[1]


def test_each_has_ledgers_and_files_of_its_own(sides: tuple[Side, Side]) -> None:
    production, ana = sides
    names = [sorted(path.name for path in side.ledgers.glob("*.duckdb")) for side in sides]
    assert names[0] == names[1] != []
    assert production.ledgers != ana.ledgers
    manifests = [list((side.exports / "readers").glob("manifest-*.json")) for side in sides]
    assert [len(found) for found in manifests] == [1, 1]
    assert all(json.loads(found[0].read_text(encoding="utf-8"))["files"] for found in manifests)


def test_a_decision_of_the_one_is_not_the_others(sides: tuple[Side, Side]) -> None:
    production, ana = sides
    before = production.traces()
    [(left, right)] = ana.rows(
        "select left_record_id, right_record_id from ^identity.identity_review limit 1"
    )
    ana.cdp("identity", "decide", left, right, "--different", "--why", "a try")
    ana.cdp("identity", "explain", left, right)
    assert [(row["left_record_id"], row["right_record_id"]) for row in _decisions(ana)] == [(left, right)]
    assert _decisions(production) == []
    [(person,)] = ana.rows("select profile_id from ^identity.identity_map limit 1")
    ana.cdp("profile", "show", person)
    assert production.traces() == before

    between = ana.traces()
    production.cdp("identity", "decide", left, right, "--same", "--why", "they are")
    assert ana.traces() == between


def _decisions(side: Side) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = side.cdp("identity", "undo", "--json").json
    return found


_TABLES = "select table_schema, table_name from information_schema.tables"


@pytest.mark.parametrize(
    ("prefix", "variables", "problem"),
    [
        ("ana.", "", "CDP_SCHEMA_PREFIX is 'ana.', which is not made of letters, digits and _ alone."),
        (None, "  schema_prefix: '{{ target.name }}_'", "is '{{ target.name }}_', which is not made of"),
        (None, "  cdp: {schema_prefix: ana_}", "sets schema_prefix under vars.cdp, so that only some"),
    ],
)
def test_a_prefix_that_would_not_hold_everywhere_is_refused(
    tmp_path: Path, prefix: str | None, variables: str, problem: str
) -> None:
    project = copy_project(tmp_path / "project")
    file = project.root / "dbt_project.yml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\nvars:\n{variables}\n", encoding="utf-8")
    ran = project.cdp("status", **({} if prefix is None else {"CDP_SCHEMA_PREFIX": prefix}))
    assert (ran.code, problem in " ".join(ran.err.split())) == (4, True), ran.err


def test_dbt_refuses_what_cdp_would_refuse(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    ran = project.dbt("parse", CDP_SCHEMA_PREFIX="ana.")
    assert ran.code != 0
    assert "The schema prefix ana. is not made of letters, digits and _ alone." in " ".join(ran.out.split())


def test_a_model_that_the_project_has_disabled_is_named(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    file = project.root / "dbt_project.yml"
    text = file.read_text(encoding="utf-8")
    assert "\nmodels:\n" in text
    off = "\nmodels:\n  cdp:\n    insights:\n      +enabled: false\n"
    file.write_text(text.replace("\nmodels:\n", off, 1), encoding="utf-8")
    duckdb.connect(str(project.warehouse)).close()
    ran = project.cdp("status")
    assert ran.code == 6
    assert "The dbt project has no model or seed 'segment_members', which `cdp` reads." in ran.err
