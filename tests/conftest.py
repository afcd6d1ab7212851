"""What all tests share: a runner of the real program, and projects to run it in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
TODAY = "2026-11-22"  # of every demo in the tests, so that they say the same on any day
ENGINE = ROOT / "cdp_cli" / "dbt_package"
# What a project needs to be one, and what makes it the retailer's.
BARE_PARTS = ["macros", "dbt_project.yml", "packages.yml", "profiles.yml"]
PROJECT_PARTS = [*BARE_PARTS, "models", "connections.yml"]


@dataclass(frozen=True)
class Ran:
    """What one run of `cdp` did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A copy of the dbt project in a folder of its own, with its own warehouse and ledgers."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CDP_PACKAGE": str(ENGINE),
            "CDP_DATA": str(self.root / "data"),
            "DBT_TARGET_PATH": str(self.root / "target"),
            "DBT_LOG_PATH": str(self.root / "logs"),
        }

    @property
    def engine(self) -> Path:
        """The project's own copy of the engine's package, for tests that break something in it."""
        return self.root / "dbt_packages" / "cdp"

    @property
    def warehouse(self) -> Path:
        return self.root / "data" / "warehouse.duckdb"

    def cdp(self, *arguments: object, **environment: str) -> Ran:
        return self._run([sys.executable, "-m", "cdp_cli.cli", *map(str, arguments)], environment)

    def dbt(self, *arguments: object, **environment: str) -> Ran:
        return self._run([sys.executable, "-m", "dbt.cli.main", *map(str, arguments)], environment)

    def _run(self, command: list[str], environment: dict[str, str]) -> Ran:
        done = subprocess.run(
            command,
            cwd=self.root,
            # As it is by default: an absolute path would be another profile in each copy of a project, which
            # dbt parses anew.
            env={**self.environment, "CDP_DATA": "data", **environment},
            capture_output=True,
            text=True,
            timeout=900,
            stdin=subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def copy(self, destination: Path) -> Project:
        shutil.copytree(self.root, destination, dirs_exist_ok=True)
        return Project(destination)


def copy_project(
    destination: Path, parts: Sequence[str] = PROJECT_PARTS, engine_parts: Sequence[str] = (".",)
) -> Project:
    """A copy of the retailer's project, or of `parts` of it, with the engine's package or parts of that."""
    project = Project(destination)
    _copy_parts(ROOT, destination, parts)
    _copy_parts(ENGINE, project.engine, engine_parts)
    (destination / "data").mkdir(parents=True, exist_ok=True)
    return project


def _copy_parts(source: Path, destination: Path, parts: Sequence[str]) -> None:
    for part in parts:
        (destination / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, destination / part, dirs_exist_ok=True)
        else:
            shutil.copy(source / part, destination / part)


@pytest.fixture(autouse=True)
def state_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Rate windows of the test's own: a later receiver may get the same port, and so be the same account."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("XDG_STATE_HOME", folder)
        yield Path(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh project without a warehouse."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source tree."""
    from tests.end_to_end.wheels import build_wheel, copy_source

    folder = tmp_path_factory.mktemp("wheel")
    return build_wheel(copy_source(folder / "source"), folder / "dist")


@pytest.fixture(scope="session")
def built_demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with 300 demo customers, built once. Read it only; take `demo` to change one."""
    made = copy_project(tmp_path_factory.mktemp("built_demo") / "project")
    ran = made.cdp("demo", "--customers", "300", "--seed", "7", "--today", TODAY)
    assert ran.code == 0, ran.err
    built = made.dbt("build")
    assert built.code == 0, built.out
    return made


@pytest.fixture
def demo(built_demo: Project, tmp_path: Path) -> Project:
    """A built demo project of the test's own."""
    return built_demo.copy(tmp_path / "demo")


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """The path of a file in ../shared; skips the test where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"../shared/{name} is not there: this test needs data that is not ours to copy")
        return path

    return find


@pytest.fixture(scope="session")
def spark_project(built_demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The built demo in both warehouses: moved to Spark by `cdp move`, its models copied. Read it only."""
    from cdp_cli.warehouse import open_warehouse
    from tests import spark

    spark.skip_without_spark()
    made = built_demo.copy(tmp_path_factory.mktemp("spark") / "project")
    moved = spark.cdp(made, "move", "--to", "spark")
    assert moved.code == 0, moved.err
    with open_warehouse(spark.settings_of(made, spark.SPARK), read_only=False) as warehouse:
        spark.copy_models(made, warehouse, tmp_path_factory.mktemp("copied"))
    return made
