"""A local Spark warehouse that tests share: one session a process, because to start one costs seconds."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from cdp_cli.cli import main
from cdp_cli.config import Settings
from cdp_cli.warehouse import Warehouse
from tests.conftest import Project, Ran

DEV, SPARK = "dev", "spark"
# What the commands read of what models make; the logs and the raw tables are moved.
_MODELS_READ = {
    "identity": {
        "identity_map", "identity_records", "identity_current_pairs", "identity_review", "profile_aliases",
    },
    "profiles": {
        "profiles", "purposes", "profile_consents", "profile_suppressions", "profile_identifiers",
        "profile_provenance", "profile_activity",
    },
    "segments": {"segment_members"},
    "unified": {"unified_people"},
    "truth": {"records"},
}  # fmt: skip


def skip_without_spark() -> None:
    """Skip the test where Spark cannot run."""
    if find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed: pip install '.[spark]'")
    if shutil.which("java") is None:
        pytest.skip("there is no Java on the PATH")


def settings_of(project: Project, target: str) -> Settings:
    """The project's settings, as its profiles.yml has them."""
    profiles = {
        DEV: {"type": "duckdb", "path": str(project.warehouse)},
        SPARK: {"type": "spark", "method": "session", "schema": "cdp"},
    }
    return Settings(project.root, project.root, project.root / "data", target, profiles[target])


@contextlib.contextmanager
def environment(project: Project) -> Iterator[None]:
    """The process's environment as a child in the project would have it."""
    before = dict(os.environ)
    os.environ.update(project.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def cdp(project: Project, *arguments: object, **extra: str) -> Ran:
    """Run `cdp` in this process, which has the SparkSession."""
    out, err = io.StringIO(), io.StringIO()
    argv = [*map(str, arguments), "--project-dir", str(project.root)]
    code: object = 0
    with environment(project), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        os.environ.update(extra)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["cdp", *argv])
            try:
                main()
            except SystemExit as ended:
                code = ended.code
    assert isinstance(code, int)
    return Ran(code, out.getvalue(), err.getvalue())


def copy_models(project: Project, warehouse: Warehouse, scratch: Path) -> None:
    """Give the Spark warehouse what the models made in DuckDB, as far as commands read it."""
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select table_schema, table_name from information_schema.tables order by all"
        ).fetchall()
        for schema, table in found:
            if schema == "activation" or table in _MODELS_READ.get(schema, ()):
                parquet = scratch / f"{schema}.{table}.parquet"
                connection.sql(f'from "{schema}"."{table}"').write_parquet(str(parquet))
                warehouse.replace(schema, table, parquet)
