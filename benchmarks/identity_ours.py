"""Our contender of the identity benchmark: the build's models on a warehouse file, as a build runs them.

    python benchmarks/identity_ours.py FOLDER --people people.parquet [--later later.parquet] [--clusters OUT]

dbt compiles the SQL models, the Python models are called with the engine that dbt's session
gets. With `--later`, the warehouse that an earlier run left in FOLDER gets these records and is built again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from measure import Steps

ROOT = Path(__file__).resolve().parents[1]

from cdp_cli.compiled import Model, compile_models  # noqa: E402
from cdp_cli.config import find_settings  # noqa: E402
from cdp_cli.identity import build  # noqa: E402
from cdp_cli.identity.bands import DEFAULT  # noqa: E402
from cdp_cli.identity.clustering import assignments  # noqa: E402
from cdp_cli.identity.clustering.decisions import SCHEMA as DECISIONS  # noqa: E402
from cdp_cli.identity.linking import pairs  # noqa: E402
from cdp_cli.identity.prepare import load_seeds  # noqa: E402
from cdp_cli.identity.training import trained_model  # noqa: E402
from cdp_cli.stewardship.identity_sql import identity_sql  # noqa: E402
from cdp_cli.warehouse.duckdb.engine import DuckDBEngine  # noqa: E402

NORMALISE, LINK = "normalise", "link"
_RECORD_LOG = pa.schema(
    [("record_id", pa.string()), ("record_hash", pa.string()), ("seen_at", pa.timestamp("us"))]
)
_LOGS = {
    "identity_record_log": _RECORD_LOG,
    "identity_models": trained_model.SCHEMA,
    "identity_pairs": pairs.SCHEMA,
    "identity_assignments": assignments.SCHEMA,
    "identity_decisions": DECISIONS,
}
_LATER = (
    "identity_record_log", "identity_current_pairs", "identity_map", "identity_events", "profile_aliases",
    "identity_review",
)  # fmt: skip


class WatchedEngine(DuckDBEngine):
    """The engine of a build, which notes the rows and the seconds of each table that it makes."""

    def __init__(self, session: Any, model: str, made: dict[str, dict[str, float]]) -> None:
        super().__init__(session)
        self._model = model
        self._made = made

    def create_table(self, name: str, select: str) -> None:
        """Make a table of what a query returns now."""
        started = time.perf_counter()
        super().create_table(name, select)
        seconds = time.perf_counter() - started
        rows = self.connection.execute(f"select count(*) from {name}").fetchall()[0][0]
        self._made[f"{self._model}: {name}"] = {"rows": rows, "seconds": round(seconds, 2)}


class Build:
    """A warehouse file with the models of identity, and a run of them."""

    def __init__(self, folder: Path, people: Path, later: Path | None) -> None:
        self._steps = Steps(ROOT / "cdp_cli" / "identity")
        path = folder / "warehouse.duckdb"
        if later is None:
            path.unlink(missing_ok=True)
        self._made: dict[str, dict[str, float]] = {}
        self._stored = later is not None
        self._session = duckdb.connect(str(path))
        self._session.execute("set threads = 2; set memory_limit = '30%'")
        settings = find_settings(ROOT)
        self._before = identity_sql(settings)
        given = (*self._before.models, *build.MODELS, "identity_run")
        self._after = compile_models(settings, _LATER, given, ("identity_record_log",)).models
        if not self._stored:
            self._make_seeds_and_logs()
        files = [str(people), *([str(later)] if later else [])]
        self._make_people(files)
        at = dt.datetime(2026, 11, 22, 12) + dt.timedelta(hours=int(self._stored))
        self._session.execute(
            f"create or replace table identity_run as "
            f"select '{at.isoformat()}' as run_id, timestamp '{at.isoformat()}' as started_at"
        )

    def run(self) -> None:
        """All models of identity in the order in which dbt builds them."""
        for name, model in self._before.models.items():
            if name != "identity_blocks":  # for people to look at: nothing of a build reads it
                self._make(name, model, NORMALISE)
        for name in ("identity_current_pairs", "identity_map"):
            self._make(name, self._after[name], LINK)
        with self._steps.step("identity_record_log", LINK):
            self._session.execute(f"insert into identity_record_log {self._after['identity_record_log'].sql}")
        for name in build.MODELS:
            self._python(name)
        for name, model in self._after.items():
            if name not in ("identity_record_log", "identity_current_pairs", "identity_map"):
                self._make(name, model, LINK)
        with self._steps.step("identity_map, read whole", LINK):
            self._session.execute("create or replace temp table published as from identity_map")

    def document(self) -> str:
        """Steps and counts."""
        counts = {
            name: self._session.execute(f"select count(*) from {name}").fetchall()[0][0]
            for name in (
                "identity_records", "identity_pairs", "identity_assignments", "identity_events",
                "identity_review",
            )
        }  # fmt: skip
        return self._steps.document(counts=counts, made=self._made)

    def write_clusters(self, path: Path) -> None:
        """Write record_id and cluster_id."""
        self._session.execute(
            f"copy (select record_id, profile_id as cluster_id from identity_map) to '{path}'"
        )

    def _make_seeds_and_logs(self) -> None:
        load_seeds(self._session, self._before)
        for seed in self._before.seeds:
            self._session.execute(f"create table main.{seed} as from temp.{seed}; drop table temp.{seed}")
        for name, schema in _LOGS.items():
            self._session.register("empty", schema.empty_table())
            self._session.execute(f"create table {name} as from empty")
            self._session.unregister("empty")

    def _make_people(self, files: list[str]) -> None:
        vocabulary = (
            "record_id", "source", "full_name", "first_name", "last_name", "birth_date", "gender", "email",
            "phone", "street_address", "city", "postcode", "country", "user_id", "loyalty_id", "national_id",
            "anonymous_id",
        )  # fmt: skip
        known = set(self._session.sql(f"from read_parquet({files!r})").columns)
        columns = ", ".join(n if n in known else f"cast(null as varchar) as {n}" for n in vocabulary)
        self._session.execute(
            f"create or replace table unified_people as "
            f"select {columns}, false as one_record_per_person from read_parquet({files!r})"
        )

    def _make(self, name: str, model: Model, group: str) -> None:
        kind = "view" if model.materialized == "view" else "table"
        with self._steps.step(name, group):
            self._session.execute(f"create or replace {kind} {name} as {model.sql}")

    def _python(self, name: str) -> None:
        with self._steps.step(name, LINK):
            model = build.MODELS[name]
            tables = {table: self._relation(table) for table in model.reads}
            engine = WatchedEngine(self._session, name, self._made)
            rows = model.run(engine, tables, name if self._stored else None, DEFAULT)
            self._session.register("returned", rows)
            if name in _LOGS:
                self._session.execute(f"insert into {name} from returned")
            else:
                self._session.execute(f"create or replace table {name} as from returned")
            self._session.unregister("returned")
            del rows

    def _relation(self, name: str) -> duckdb.DuckDBPyRelation:
        return self._session.cursor().sql(f"select * from {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--later", type=Path)
    parser.add_argument("--clusters", type=Path)
    asked = parser.parse_args()
    made = Build(asked.folder, asked.people, asked.later)
    made.run()
    sys.stdout.write(made.document() + "\n")
    if asked.clusters:
        made.write_clusters(asked.clusters)


if __name__ == "__main__":
    main()
